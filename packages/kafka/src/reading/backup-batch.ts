import { type BatchHeader, checkBatch } from '../record-batch/header.ts'
import { saturatedTime } from '../record-batch/record-time.ts'
import { decodeRecords, type KafkaRecord } from '../record-batch/records.ts'
import { isInWindow, type RestoreWindow, shareInWindow } from './window.ts'

/** A batch of the backup, and those of its records that were selected: at least one. */
export interface BackupBatch {
  readonly partition: number
  /** The header of the batch; its `position` is 0, the start of `bytes`. */
  readonly header: BatchHeader
  /** The whole batch exactly as the broker served it; a view of its chunk. */
  readonly bytes: Buffer
  /**
   * Whether `bytes` hold exactly the records of `records()`: coverage, window and transforms left
   * nothing out and changed nothing. Offsets may still be missing (compaction).
   */
  readonly asStored: boolean
  /**
   * Decodes the selected records, in order; at least one. Their bytes are views of `bytes` if the
   * batch is not compressed.
   *
   * @throws DATA_CORRUPT if the batch cannot be decoded although its checksum is right.
   */
  records(): readonly KafkaRecord[]
}

/** What decides which records of a chunk are selected. */
export interface Visibility {
  readonly window: RestoreWindow
  /**
   * First covered offset. Records outside the covered offsets are not part of the backup: a broker
   * serves whole batches, also after DeleteRecords.
   */
  readonly from: number
  /** Offset after the last covered one. */
  readonly next: number
  /** Whether the batch was aborted. Called at most once for each batch, in offset order. */
  isAborted(header: BatchHeader): boolean
  /** Turns an error about a batch into one that says where the batch lies. */
  explain(error: unknown): unknown
}

/** Returns the batch at `header` in `chunk` with its selected records; undefined if it has none. */
export function selectBatch(
  partition: number,
  chunk: Buffer,
  header: BatchHeader,
  visibility: Visibility,
): BackupBatch | undefined {
  if (header.isControl || header.records === 0) return undefined
  const { from, next, window } = visibility
  if (header.nextOffset <= from || header.baseOffset >= next) return undefined
  const share = shareInWindow(window, timesOf(header))
  if (share === 'none' || visibility.isAborted(header)) return undefined

  const bytes = chunk.subarray(header.position, header.position + header.length)
  const own = { ...header, position: 0 }
  const decode = (): readonly KafkaRecord[] => {
    try {
      checkBatch(bytes, own)
      return decodeRecords(bytes, own)
    } catch (error) {
      throw visibility.explain(error)
    }
  }
  const whole = header.baseOffset >= from && header.nextOffset <= next
  if (whole && share === 'all') {
    return { partition, header: own, bytes, asStored: true, records: decode }
  }
  const records = decode().filter(
    ({ offset, timestamp }) => offset >= from && offset < next && isInWindow(window, timestamp),
  )
  if (records.length === 0) return undefined
  const asStored = records.length === header.records
  return { partition, header: own, bytes, asStored, records: () => records }
}

/**
 * Returns the least and the greatest timestamp. A header does not have the least one, unless the
 * broker gave all records the same.
 */
function timesOf(header: BatchHeader): readonly [number | null, number] {
  const greatest = saturatedTime(header.maxTimestamp)
  return [header.timestampType === 'log-append' || header.records === 1 ? greatest : null, greatest]
}
