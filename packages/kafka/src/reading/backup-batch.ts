import type { BatchHeader } from '../record-batch/header.ts'
import { saturatedTime } from '../record-batch/record-time.ts'
import { decodeRecords, type KafkaRecord } from '../record-batch/records.ts'
import { isInWindow, type RestoreWindow, shareInWindow } from './window.ts'

/** A batch of the backup, and those of its records that were selected: at least one. */
export interface BackupBatch {
  readonly partition: number
  /** The header at position 0 of `bytes`. */
  readonly header: BatchHeader
  /** The whole batch exactly as the broker served it; a view of its chunk. */
  readonly bytes: Buffer
  /**
   * Whether `bytes` hold exactly the records of `records()`: coverage, window and transforms leave
   * out and change nothing. Offsets may be missing all the same (compaction).
   */
  readonly asStored: boolean
  /**
   * Decodes the selected records, in order; at least one. Their bytes are views of `bytes` when
   * that is not compressed.
   *
   * @throws DATA_CORRUPT when the batch, although its checksum is right, cannot be decoded.
   */
  records(): readonly KafkaRecord[]
}

/** What decides which records of a chunk are to be seen. */
export interface Visibility {
  readonly window: RestoreWindow
  /**
   * Covered offsets: records outside are not part of the backup (a broker serves whole batches,
   * also after DeleteRecords).
   */
  readonly from: number
  readonly next: number
  /** Asked at most once for each batch, in the order of their offsets. */
  isAborted(header: BatchHeader): boolean
  /** Makes of an error about a batch one that says where it lies. */
  explain(error: unknown): unknown
}

/**
 * What of the batch that `header` describes in `chunk` is to be seen; undefined when nothing is.
 */
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

/** The least timestamp of a batch is not in its header, unless the broker gave all records one. */
function timesOf(header: BatchHeader): readonly [number | null, number] {
  const greatest = saturatedTime(header.maxTimestamp)
  return [header.timestampType === 'log-append' || header.records === 1 ? greatest : null, greatest]
}
