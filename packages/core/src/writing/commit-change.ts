import { KanneryError } from '@kannery/storage'
import { withCaughtUp } from '../index-file/baseline.ts'
import {
  type Continuation,
  continueCoverage,
  currentIncarnation,
  type NextOffsets,
} from '../index-file/coverage.ts'
import type { Gap, Incarnation, Index, SegmentEntry } from '../index-file/format/model.ts'
import {
  decodeRetention,
  encodeRetention,
  expiryOf,
  type Retention,
} from '../retention/retention.ts'
import { startOf } from './new-incarnation.ts'

/** Describes what one commit adds to the current incarnation. */
export interface CommitChange {
  /** A segment that is uploaded completely, under an id of `WriterSession.newSegmentId`. */
  readonly segment?: SegmentEntry | undefined
  /**
   * Offsets that the source no longer has. Together with the segment they continue the coverage.
   */
  readonly gaps?: readonly Gap[] | undefined
  /** The number of partitions, if it has grown. */
  readonly partitions?: number | undefined
  /** First offsets of new partitions, by partition; absent where it is 0. */
  readonly start?: Readonly<Record<number, number>> | undefined
  /**
   * Partitions that have caught up: with this commit, their coverage has reached the last stable
   * offset that they had at some moment since the incarnation began. Only then is it certain that
   * nothing is missing: records that compaction removed before they were read have a newer record
   * further on.
   */
  readonly caughtUp?: readonly number[] | undefined
  /** The configuration of the topic, if it has changed. */
  readonly settings?: Pick<Incarnation, 'config' | 'effective'> | undefined
}

/** A change that continues the backup. */
export interface PlannedCommit {
  readonly change: CommitChange
  /** The current incarnation, with the partitions and the configuration of the change. */
  readonly incarnation: Incarnation
  /** The next offset by partition, as of the commit. */
  readonly next: NextOffsets
}

/**
 * Returns what `change` makes of a topic whose coverage ends at `nextOffsets`.
 *
 * @throws INTERNAL for a change of another incarnation, and for one that would leave a hole in what
 *   is covered, or cover it twice
 */
export function planCommit(
  index: Index,
  nextOffsets: NextOffsets,
  change: CommitChange,
): PlannedCommit {
  const { segment, gaps = [] } = change
  const incarnation = grown(currentIncarnation(index), change)
  const known = new Map([...startOf(incarnation), ...nextOffsets])
  const next = asContinued(continueCoverage(known, { gaps, segment }), index.topic)
  for (const item of [...gaps, ...(segment ? [segment] : [])]) {
    if (item.in !== incarnation.n) throw defect(index.topic, 'it is of another incarnation')
  }
  return { change, incarnation, next }
}

/** Returns the index with a commit. `retention` replaces that of the index, if it is given. */
export function withCommit(
  index: Index,
  { change, incarnation }: PlannedCommit,
  by: { readonly committedMs: number; readonly retention: Retention | undefined },
): Index {
  const { segment: added, gaps = [], caughtUp = [] } = change
  const retention = by.retention ? encodeRetention(by.retention) : index.retention
  const segment = added && withExpiry(added, retention, by.committedMs)
  const advanced = withCaughtUp(incarnation, caughtUp, new Date(by.committedMs).toISOString())
  return {
    ...index,
    retention,
    incarnations: index.incarnations.with(-1, advanced),
    segments: [...index.segments, ...(segment ? [inOrder(segment)] : [])],
    gaps: [...index.gaps, ...gaps],
  }
}

function grown(incarnation: Incarnation | undefined, change: CommitChange): Incarnation {
  if (incarnation === undefined) throw new TypeError('no incarnation was begun')
  const partitions = Math.max(incarnation.partitions, change.partitions ?? 0)
  const start = { ...incarnation.start, ...change.start }
  return { ...incarnation, partitions, start, ...change.settings }
}

function withExpiry(
  segment: SegmentEntry,
  retention: Index['retention'],
  committedMs: number,
): SegmentEntry {
  return { ...segment, expires: expiryOf(decodeRetention(retention), segment.time, committedMs) }
}

/** Returns the entry with its keys in the order in which people expect to read them. */
function inOrder(entry: SegmentEntry): SegmentEntry {
  const { id, in: n, bytes, digest, records, visible, offsets, time, captured, ...others } = entry
  const counts = { records, ...(visible === undefined ? {} : { visible }) }
  return { id, in: n, bytes, digest, ...counts, offsets, time, captured, ...others }
}

function asContinued(continuation: Continuation, topic: string): NextOffsets {
  if (continuation.kind === 'continues') return continuation.next
  throw defect(topic, continuation.why)
}

function defect(topic: string, why: string): KanneryError {
  return new KanneryError('INTERNAL', `a commit to topic "${topic}" does not continue its backup`, {
    why,
    facts: { topic },
  })
}
