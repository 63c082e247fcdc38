import type { Damage } from '@kannery/core/segment'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { type BackupChunk, unlessDamaged } from '../../reading/chunk-batches.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'

/**
 * Returns what the target is to hold in place of `record`: the same object where nothing changes,
 * or undefined to leave the record out. It is applied by the writing and again by the comparison,
 * and must return equal records both times.
 */
export type RecordTransform = (record: KafkaRecord) => KafkaRecord | undefined

/** Drops all headers with one of these names (UTF-8). */
export function dropHeaders(names: readonly string[]): RecordTransform {
  const dropped = names.map((name) => Buffer.from(name))
  return (record) => {
    const headers = record.headers.filter(({ key }) => !dropped.some((name) => name.equals(key)))
    return headers.length === record.headers.length ? record : { ...record, headers }
  }
}

/** Adds a header `name` with the record's offset in the backed-up topic, as decimal text. */
export function addOriginalOffset(name: string): RecordTransform {
  const key = Buffer.from(name)
  return (record) => {
    const value = Buffer.from(String(record.offset))
    return { ...record, headers: [...record.headers, { key, value }] }
  }
}

/**
 * Applies `transforms`, in their order, to the records of `chunks`. A batch in which nothing
 * changes stays as it is, and without transforms no record is decoded here. Batches that cannot be
 * decoded are reported to `onDamage` and left out, or thrown without it (DATA_CORRUPT).
 */
export function transformChunks(
  chunks: AsyncGenerator<BackupChunk, void, undefined>,
  transforms: readonly RecordTransform[],
  onDamage?: (damage: Damage) => void,
): AsyncGenerator<BackupChunk, void, undefined> {
  return transforms.length === 0 ? chunks : transformed(chunks, transforms, onDamage)
}

async function* transformed(
  chunks: AsyncGenerator<BackupChunk, void, undefined>,
  transforms: readonly RecordTransform[],
  onDamage: ((damage: Damage) => void) | undefined,
): AsyncGenerator<BackupChunk, void, undefined> {
  for await (const chunk of chunks) {
    yield { ...chunk, batches: transformBatches(chunk.batches, transforms, onDamage) }
  }
}

/** One batch at a time: the records of a whole chunk may need much memory once decompressed. */
function* transformBatches(
  batches: Iterable<BackupBatch>,
  transforms: readonly RecordTransform[],
  onDamage: ((damage: Damage) => void) | undefined,
): Generator<BackupBatch, void, undefined> {
  for (const batch of batches) {
    const transformed = unlessDamaged(onDamage, () => transformBatch(batch, transforms))
    if (transformed !== undefined) yield transformed
  }
}

function transformBatch(
  batch: BackupBatch,
  transforms: readonly RecordTransform[],
): BackupBatch | undefined {
  const before = batch.records()
  const records = before.flatMap((record) => transformRecord(record, transforms) ?? [])
  if (records.length === 0) return undefined
  const isUnchanged =
    records.length === before.length && records.every((record, index) => record === before[index])
  return isUnchanged ? batch : { ...batch, asStored: false, records: () => records }
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
