import { type Index, readIndex, segmentEntries } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { type AbortedRange, openSegment } from '@kannery/core/segment'
import type { StorageBackend } from '@kannery/storage'
import { type BatchHeader, checkBatch, walkBatches } from '../src/record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../src/record-batch/records.ts'

export interface CapturedPartition {
  /** From and to of each chunk, in order. */
  readonly covered: (readonly [from: number, next: number])[]
  readonly batches: { readonly header: BatchHeader; readonly bytes: Buffer }[]
  /** What a consumer of committed records would see. */
  readonly records: KafkaRecord[]
}

export interface CapturedTopic {
  readonly index: Index
  readonly partitions: ReadonlyMap<number, CapturedPartition>
  /** Of all segments, in their order. */
  readonly aborted: readonly AbortedRange[]
}

/**
 * Reads a whole backup, plainly: every segment that the index names, from the first to the last
 * byte.
 */
export async function readCaptured(storage: StorageBackend, topic: string): Promise<CapturedTopic> {
  const stored = await readIndex(storage, topic)
  if (stored === undefined) throw new Error(`no index of ${topic}`)
  const partitions = new Map<number, CapturedPartition>()
  const aborted: AbortedRange[] = []
  for await (const entry of segmentEntries(storage, stored.index)) {
    const key = topicKeys(topic).segment(entry.id)
    const reader = await openSegment(storage, { key, bytes: entry.bytes })
    aborted.push(...reader.footer.aborted)
    for await (const { facts, raw } of reader.readChunks(reader.footer.chunks)) {
      const partition = partitions.get(facts.partition) ?? { covered: [], batches: [], records: [] }
      partitions.set(facts.partition, partition)
      partition.covered.push([facts.from, facts.next])
      for (const header of walkBatches(raw)) {
        checkBatch(raw, header)
        const { position, length } = header
        const bytes = Buffer.from(raw.subarray(position, position + length))
        partition.batches.push({ header, bytes })
        if (header.isControl || isAborted(reader.footer.aborted, facts.partition, header)) continue
        const covered = decodeRecords(bytes, { ...header, position: 0 }).filter(
          ({ offset }) => offset >= facts.from && offset < facts.next,
        )
        partition.records.push(...covered)
      }
    }
  }
  return { index: stored.index, partitions, aborted }
}

function isAborted(
  ranges: readonly AbortedRange[],
  partition: number,
  header: BatchHeader,
): boolean {
  return (
    header.isTransactional &&
    ranges.some(
      (range) =>
        range.partition === partition &&
        range.producerId === String(header.producerId) &&
        range.first <= header.baseOffset &&
        header.baseOffset < range.marker,
    )
  )
}

/** As text, in order. */
export function valuesOf({ partitions }: CapturedTopic, partition = 0): readonly string[] {
  const { records = [] } = partitions.get(partition) ?? {}
  return records.map(({ value }) => Buffer.from(value ?? 'null').toString())
}
