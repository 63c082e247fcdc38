import type { Damage } from '@kannery/core/segment'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { type BackupChunk, unlessDamaged } from '../../reading/chunk-batches.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'

/** Changes records on their way into the target. */
export interface RecordTransform {
  /**
   * Returns what the target will hold in place of `record`: the same object if nothing changes, or
   * undefined to leave the record out. It is applied by the writing and again by the comparison,
   * and must return equal records both times.
   */
  (record: KafkaRecord): KafkaRecord | undefined
  /** By how many bytes it makes a record larger at most. Defaults to 0. */
  readonly mostAddedBytes?: number
}

/** What transforms changed in records. */
export interface RecordChanges {
  readonly headersDropped: number
  readonly headersAdded: number
}

/** Drops all headers with one of these names (UTF-8). */
export function dropHeaders(names: readonly string[]): RecordTransform {
  const dropped = names.map((name) => Buffer.from(name))
  return (record) => {
    const headers = record.headers.filter(({ key }) => !dropped.some((name) => name.equals(key)))
    return headers.length === record.headers.length ? record : { ...record, headers }
  }
}

/** Bytes of up to 16 digits, and of the varints of the header and the record that become longer. */
const originalOffsetBytes = 32

/** Adds a header `name` with the record's offset in the backed-up topic, as decimal text. */
export function addOriginalOffset(name: string): RecordTransform {
  const key = Buffer.from(name)
  const add = (record: KafkaRecord): KafkaRecord => {
    const value = Buffer.from(String(record.offset))
    return { ...record, headers: [...record.headers, { key, value }] }
  }
  return Object.assign(add, { mostAddedBytes: key.length + originalOffsetBytes })
}

/**
 * Applies `transforms`, in their order, to the records of `chunks`. A batch in which nothing
 * changes stays as it is, and without transforms no record is decoded here. Batches that cannot be
 * decoded are reported to `onDamage` and left out, or thrown without it (DATA_CORRUPT). `onChanges`
 * is called for every batch that changes.
 */
export function transformChunks(
  chunks: AsyncGenerator<BackupChunk, void, undefined>,
  transforms: readonly RecordTransform[],
  onDamage?: (damage: Damage) => void,
  onChanges?: (changes: RecordChanges) => void,
): AsyncGenerator<BackupChunk, void, undefined> {
  if (transforms.length === 0) return chunks
  return transformed(chunks, { transforms, onDamage, onChanges })
}

interface Stage {
  readonly transforms: readonly RecordTransform[]
  readonly onDamage: ((damage: Damage) => void) | undefined
  readonly onChanges: ((changes: RecordChanges) => void) | undefined
}

async function* transformed(
  chunks: AsyncGenerator<BackupChunk, void, undefined>,
  stage: Stage,
): AsyncGenerator<BackupChunk, void, undefined> {
  for await (const chunk of chunks) {
    yield { ...chunk, batches: transformBatches(chunk.batches, stage) }
  }
}

/** One batch at a time: the records of a whole chunk may need much memory once decompressed. */
function* transformBatches(
  batches: Iterable<BackupBatch>,
  stage: Stage,
): Generator<BackupBatch, void, undefined> {
  for (const batch of batches) {
    const transformed = unlessDamaged(stage.onDamage, () => transformBatch(batch, stage))
    if (transformed !== undefined) yield transformed
  }
}

function transformBatch(
  batch: BackupBatch,
  { transforms, onChanges }: Stage,
): BackupBatch | undefined {
  const before = batch.records()
  const changes = { headersDropped: 0, headersAdded: 0 }
  const records = before.flatMap((record) => {
    const after = transformRecord(record, transforms)
    if (after === undefined) return []
    if (after !== record) countChanges(changes, record, after)
    return after
  })
  if (records.length === 0) return undefined
  const isUnchanged =
    records.length === before.length && records.every((record, index) => record === before[index])
  if (isUnchanged) return batch
  onChanges?.(changes)
  return { ...batch, asStored: false, records: () => records }
}

function countChanges(
  changes: { headersDropped: number; headersAdded: number },
  before: KafkaRecord,
  after: KafkaRecord,
): void {
  const held = new Set(after.headers)
  const kept = before.headers.filter((header) => held.has(header)).length
  changes.headersDropped += before.headers.length - kept
  changes.headersAdded += after.headers.length - kept
}

function transformRecord(
  record: KafkaRecord,
  transforms: readonly RecordTransform[],
): KafkaRecord | undefined {
  let transformed: KafkaRecord | undefined = record
  for (const transform of transforms) {
    if (transformed === undefined) return undefined
    transformed = transform(transformed)
  }
  return transformed
}
