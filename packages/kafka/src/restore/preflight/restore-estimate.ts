import type { BackupReader } from '../../reading/backup-reader.ts'
import { type MissingOffsets, MissingOffsetsWalk } from '../../reading/missing-offsets.ts'
import { type SegmentSpans, SpanWalk } from '../../reading/segment-spans.ts'
import type { Selection } from '../../reading/selection.ts'

/** What will be restored, estimated from the index alone. */
export interface RestoreEstimate {
  /**
   * An upper bound: aborted records and those outside the window are among them. Estimated where
   * not all partitions are wanted.
   */
  readonly records: number
  /** Bytes as stored in the segments, without the estimated share of other partitions. */
  readonly bytes: number
  /** Size of the largest batch, with what transforms may add to one record. */
  readonly largestBatchBytes: number
  /** Least and greatest known timestamp, milliseconds; undefined without records. */
  readonly oldest: number | undefined
  readonly newest: number | undefined
  /** Records in segments whose records are all before `olderThanMs`. */
  readonly olderRecords: number
  /** Offsets that were asked for and that the backup does not have, by partition and offset. */
  readonly notRestored: readonly MissingOffsets[]
}

/** Estimates a restore from the index. Records before `olderThanMs` count as `olderRecords`. */
export async function estimateRestore(
  reader: BackupReader,
  selection: Selection,
  olderThanMs: number | undefined,
): Promise<RestoreEstimate> {
  const walk = new SpanWalk(selection)
  const missing = new MissingOffsetsWalk(selection)
  const sum = { records: 0, bytes: 0, largestBatchBytes: 0, olderRecords: 0 }
  const times = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY }
  for await (const entry of reader.segments()) {
    missing.add(entry)
    const wanted = walk.next(entry)
    if (wanted === undefined) continue
    const share = shareOf(wanted)
    sum.records += Math.round(entry.records * share)
    sum.bytes += Math.round(entry.bytes * share)
    sum.largestBatchBytes = Math.max(sum.largestBatchBytes, entry.maxBatchBytes)
    const [least, greatest] = entry.time ?? [null, undefined]
    times.oldest = Math.min(times.oldest, least ?? greatest ?? times.oldest)
    times.newest = Math.max(times.newest, greatest ?? times.newest)
    if (greatest !== undefined && olderThanMs !== undefined && greatest < olderThanMs) {
      sum.olderRecords += Math.round(entry.records * share)
    }
  }
  return {
    ...sum,
    oldest: finite(times.oldest),
    newest: finite(times.newest),
    notRestored: missing.finish(reader.index.gaps),
  }
}

/** Returns the wanted share of a segment, by offsets: the index counts no records by partition. */
function shareOf({ entry, spans }: SegmentSpans): number {
  let [wanted, all] = [0, 0]
  for (const { from, next } of spans.values()) wanted += next - from
  for (const [from, next] of Object.values(entry.offsets)) all += next - from
  return all === 0 ? 1 : wanted / all
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
