import type { AbortedRange } from '@kannery/core/segment'
import type { BatchHeader } from '../record-batch/header.ts'

/** An aborted range of one producer in one partition, among others in the order of `first`. */
interface Range {
  readonly first: number
  /** The greatest offset of a marker in this range and those before it. */
  readonly reach: number
}

/**
 * Returns a function that reports whether a batch belongs to an aborted transaction. Such a batch
 * is transactional, of a producer in `listed`, and between the first offset of a listed range and
 * its marker. The producer alone does not decide: it may have committed other transactions.
 */
export function abortedTransactions(
  listed: readonly AbortedRange[],
): (partition: number, header: BatchHeader) => boolean {
  if (listed.length === 0) return () => false
  const byProducer = new Map<string, readonly Range[]>()
  for (const [producer, ranges] of Map.groupBy(listed, keyOf)) {
    byProducer.set(producer, inOrder(ranges))
  }
  return (partition, { isTransactional, producerId, baseOffset }) => {
    const ranges = isTransactional ? byProducer.get(keyOf({ partition, producerId })) : undefined
    const range = ranges?.[countUpTo(ranges, baseOffset) - 1]
    return range !== undefined && baseOffset < range.reach
  }
}

function keyOf(of: { readonly partition: number; readonly producerId: string | bigint }): string {
  return `${of.partition}/${of.producerId}`
}

function inOrder(ranges: readonly AbortedRange[]): readonly Range[] {
  let reach = 0
  return ranges
    .toSorted((one, other) => one.first - other.first)
    .map(({ first, marker }) => {
      reach = Math.max(reach, marker)
      return { first, reach }
    })
}

/** Counts the ranges that begin at or before `offset`. */
function countUpTo(ranges: readonly Range[], offset: number): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle]?.first ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return low
}
