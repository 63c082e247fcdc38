import type { AbortedRange } from '@kannery/core/segment'
import type { BatchHeader } from '../record-batch/header.ts'

/**
 * Ranges of one producer in one partition, by their first offsets; `reach` is the greatest marker
 * up to and with this one.
 */
interface Range {
  readonly first: number
  readonly reach: number
}

/**
 * Tells which batches belong to aborted transactions: those in a transaction, of a listed producer,
 * with offsets from the transaction's first one to its marker. A producer may abort many times, so
 * its number alone says nothing.
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

/** How many ranges begin at or before `offset`. */
function countUpTo(ranges: readonly Range[], offset: number): number {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle]?.first ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return low
}
