import { realClock } from '@kannery/storage-testkit'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { UnnumberedRecord } from '../src/record-batch/encode-records.ts'
import { type BatchHeader, batchHeaderBytes } from '../src/record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../src/record-batch/records.ts'
import { TargetReader } from '../src/restore/verification/target-reader.ts'

export interface ServedBatch {
  readonly header: BatchHeader
  /** Behind the header. */
  readonly section: Buffer
  readonly records: readonly KafkaRecord[]
}

/** All that a partition holds, as the broker serves it. */
export async function readPartition(
  cluster: KafkaCluster,
  name: string,
  partition: number,
): Promise<ServedBatch[]> {
  const topic = await cluster.topic(name)
  await using reader = new TargetReader({ cluster, clock: realClock, topic, maxBytes: 1_000_000 })
  const ends = await cluster.listOffsets(name, 'latest', 'read-uncommitted')
  const batches: ServedBatch[] = []
  for await (const { header, bytes } of reader.batches(partition, 0, ends.get(partition) ?? 0)) {
    const { position, length } = header
    const own = Buffer.from(bytes.subarray(position, position + length))
    batches.push({
      header,
      section: own.subarray(batchHeaderBytes),
      records: decodeRecords(own, { ...header, position: 0 }),
    })
  }
  return batches
}

/** What must come back, in a form that compares. */
export function contentOf(records: readonly UnnumberedRecord[]): unknown {
  const text = (value: Uint8Array | null): string | null =>
    value === null ? null : Buffer.from(value).toString('latin1')
  return records.map(({ timestamp, key, value, headers }) => ({
    timestamp,
    key: text(key),
    value: text(value),
    headers: headers.map((header) => [text(header.key), text(header.value)]),
  }))
}
