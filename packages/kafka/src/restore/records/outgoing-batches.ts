import { KanneryError } from '@kannery/storage'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { encodeBatch, type ProducerState, readdressBatch } from '../../record-batch/encode.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'

/** A batch that is complete except for its producer state. */
export interface UnstampedBatch {
  /** `verbatim`: the stored bytes. `re-encoded`: encoded again, in memory of its own. */
  readonly path: 'verbatim' | 're-encoded'
  readonly records: number
  readonly bytes: number
  /** Writes the producer state into the batch, and returns the batch. Call it once. */
  stamp(producer: ProducerState): Buffer
}

/**
 * Returns what a producer sends so that the target holds the records of `batch`: the batch itself
 * if a broker takes it (LogValidator: dense offsets, CreateTime), else one that is encoded again
 * with the same compression, or several if it would be larger than `maxBatchBytes`. The same batch
 * always gives the same ones: a producer that begins again repeats them exactly.
 *
 * @throws DATA_CORRUPT if the records cannot be read; KAFKA_RECORD_REJECTED for a single record
 *   that is too large.
 */
export function outgoingBatches(batch: BackupBatch, maxBatchBytes: number): UnstampedBatch[] {
  if (isVerbatim(batch) && batch.bytes.length <= maxBatchBytes) {
    return [unstamped('verbatim', batch.header.records, batch.bytes)]
  }
  return reEncoded(batch, batch.records(), maxBatchBytes)
}

function isVerbatim({ header, asStored }: BackupBatch): boolean {
  const { timestampType, records, lastOffsetDelta } = header
  return asStored && timestampType === 'create' && records === lastOffsetDelta + 1
}

/** Holds `bytes`, and not what they were made of. */
function unstamped(path: UnstampedBatch['path'], records: number, bytes: Buffer): UnstampedBatch {
  return {
    path,
    records,
    bytes: bytes.length,
    stamp: (producer) => {
      readdressBatch(bytes, producer)
      return bytes
    },
  }
}

/** Encodes records into batches, and halves them until each part fits. */
function reEncoded(
  batch: BackupBatch,
  records: readonly KafkaRecord[],
  maxBatchBytes: number,
): UnstampedBatch[] {
  const { codec } = batch.header
  const encoded = encodeBatch(records, codec, unknownProducer)
  if (encoded.length <= maxBatchBytes) {
    return [unstamped('re-encoded', records.length, encoded)]
  }
  const [only] = records
  if (records.length === 1 && only !== undefined) throw tooLarge(batch, only, encoded.length)
  const middle = records.length >>> 1
  return [records.slice(0, middle), records.slice(middle)].flatMap((half) =>
    reEncoded(batch, half, maxBatchBytes),
  )
}

const unknownProducer: ProducerState = { producerId: -1n, producerEpoch: -1, sequence: -1 }

function tooLarge(
  { partition }: BackupBatch,
  { offset }: KafkaRecord,
  bytes: number,
): KanneryError {
  return new KanneryError('KAFKA_RECORD_REJECTED', 'a record is too large for the target topic', {
    why: `the record at offset ${offset} of partition ${partition} makes a batch of ${bytes} bytes`,
    remedy: 'Raise max.message.bytes of the topic.',
    facts: { partition, offset, bytes },
  })
}
