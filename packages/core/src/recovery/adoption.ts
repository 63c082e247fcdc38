import type { StorageBackend } from '@kannery/storage'
import {
  type Coverage,
  currentIncarnation,
  leaderEpochsAfter,
  type NextOffsets,
  rangesOf,
} from '../index-file/coverage.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { type NamedObject, topicKeys } from '../layout/keys.ts'
import type { SegmentFooter } from '../segment/format/footer.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { entryOfWhole } from './inspect-segment.ts'
import type { LeftoverFooters } from './leftover-footers.ts'

/** Answers what a recovery has to know about the topic at its source, the Kafka cluster. */
export interface RecoverySource {
  /** Kafka's id of the topic as it is now. The methods are called only about this topic. */
  readonly topicId: string
  /** Whether all these offsets, `from` inclusive and `next` exclusive, can still be fetched. */
  canServe(range: {
    readonly partition: number
    readonly from: number
    readonly next: number
  }): Promise<boolean>
  /**
   * Whether the history up to `next` ends in `leaderEpoch` (OffsetForLeaderEpoch, KIP-320). Also
   * true when that cannot be determined at the moment.
   */
  agrees(range: {
    readonly partition: number
    readonly next: number
    readonly leaderEpoch: number
  }): Promise<boolean>
}

/** What candidates are judged by. */
export interface AdoptionOptions {
  readonly storage: StorageBackend
  readonly leftovers: LeftoverFooters
  /** The index, with the epoch of this writer. */
  readonly index: Index
  readonly nextOffsets: NextOffsets
  /** Leader epoch of the last batch before the next offset, by partition, where it is known. */
  readonly leaderEpochs: ReadonlyMap<number, number>
  readonly source: RecoverySource
}

/** Reports what a recovery decided about each segment and page that was not committed. */
export interface Verdicts {
  /** Entries of adopted segments, in the order in which they continue the coverage. */
  readonly adopted: readonly SegmentEntry[]
  /** Objects that become garbage, and are deleted after the grace. */
  readonly garbage: readonly NamedObject[]
  /**
   * Objects that this writer cannot judge, which are left alone: those of an epoch that has not
   * ended, in a later format, of another topic or cluster, or of an incarnation that the index does
   * not have.
   */
  readonly unexplained: readonly NamedObject[]
  /** Next offsets by partition, after the adopted segments. */
  readonly nextOffsets: NextOffsets
  /** Leader epoch of the last batch before the next offset, by partition, where it is known. */
  readonly leaderEpochs: ReadonlyMap<number, number>
}

interface ReadableCandidate {
  readonly id: Ulid
  readonly footer: SegmentFooter
}

/**
 * Judges candidates (step 8). A candidate is adopted only if all of this is true: the source can no
 * longer serve it; it is whole, of the last incarnation of the index, and of an epoch before this
 * writer's; it continues the coverage exactly; and it agrees with the leader epochs, or, where
 * those are not known, its epoch is not before that of the last writer that committed. Of several
 * such candidates, the one with the most offsets is adopted. What the source still serves is
 * fetched again; the rest is garbage.
 */
export async function judgeCandidates(
  objects: readonly NamedObject[],
  options: AdoptionOptions,
): Promise<Verdicts> {
  const { readable, unexplained } = await inspectAll(objects, options)
  const adopted: SegmentEntry[] = []
  let covered: Coverage = { next: options.nextOffsets, leaderEpochs: options.leaderEpochs }
  let left = readable
  for (let entry = await firstAdoptable(left, covered, options); entry !== undefined; ) {
    const { id } = entry
    adopted.push(entry)
    const next = new Map([...covered.next, ...rangesOf(entry).map(endOfRange)])
    covered = { next, leaderEpochs: leaderEpochsAfter(covered, entry, next) }
    left = left.filter((candidate) => candidate.id !== id)
    entry = await firstAdoptable(left, covered, options)
  }
  const settled = new Set([...adopted, ...unexplained].map(({ id }) => id))
  const garbage = objects.filter(({ id }) => !settled.has(id))
  const { next: nextOffsets, leaderEpochs } = covered
  return { adopted, garbage, unexplained, nextOffsets, leaderEpochs }
}

async function inspectAll(
  objects: readonly NamedObject[],
  { index, leftovers }: AdoptionOptions,
): Promise<{
  readonly readable: readonly ReadableCandidate[]
  readonly unexplained: readonly NamedObject[]
}> {
  const readable: ReadableCandidate[] = []
  const unexplained: NamedObject[] = []
  // Pages are not read: a page holds nothing that its segments do not.
  for await (const { object, inspected } of leftovers.read(objects, index)) {
    const { kind } = inspected
    if (kind === 'too-new' || kind === 'stranger') unexplained.push(object)
    if (kind !== 'readable') continue
    const { footer } = inspected
    if (isOurs(footer.header, index)) readable.push({ id: object.id, footer })
    else unexplained.push(object)
  }
  return { readable, unexplained }
}

/** Whether a segment is of this backup, and of a writer whose epoch has ended. */
export function isOurs(header: SegmentHeader, index: Index): boolean {
  const { topic, topicId, cluster, incarnation, epoch } = header
  const isOfKnownIncarnation = index.incarnations.some(
    ({ n, topicId: id }) => n === incarnation && id === topicId,
  )
  return (
    topic === index.topic &&
    cluster === index.cluster &&
    isOfKnownIncarnation &&
    epoch < index.epoch
  )
}

async function firstAdoptable(
  candidates: readonly ReadableCandidate[],
  covered: Coverage,
  options: AdoptionOptions,
): Promise<SegmentEntry | undefined> {
  const { storage, index } = options
  for (const { id, footer } of candidates.toSorted(byOffsets)) {
    if (!isOfCurrentIncarnation(footer, index)) continue
    if (!continuesExactly(footer, covered.next) || !leaderEpochsGrow(footer, covered)) continue
    if (!(await isLostAtSource(footer, options))) continue
    const key = topicKeys(index.topic).segment(id)
    const entry = await entryOfWhole(storage, { key, id, footer })
    if (entry !== undefined) return entry
  }
  return undefined
}

/**
 * The most offsets first: of what one writer left and another fetched again, one continues the
 * backup.
 */
function byOffsets(one: ReadableCandidate, other: ReadableCandidate): number {
  return offsetsIn(other.footer) - offsetsIn(one.footer)
}

function offsetsIn({ coverage }: SegmentFooter): number {
  return rangesOf({ offsets: coverage }).reduce((sum, [, [from, next]]) => sum + next - from, 0)
}

/**
 * Where leader epochs are not known, the last writer that committed has judged all earlier
 * segments.
 */
function isOfCurrentIncarnation({ header, coverage }: SegmentFooter, index: Index): boolean {
  const incarnation = currentIncarnation(index)
  if (header.topicId !== incarnation?.topicId || header.incarnation !== incarnation.n) return false
  const knowsHistory = rangesOf({ offsets: coverage }).every(
    ([, [from, next, leaderEpoch]]) => from === next || leaderEpoch >= 0,
  )
  return knowsHistory || header.epoch >= (index.committed ?? 0)
}

function continuesExactly({ coverage }: SegmentFooter, next: NextOffsets): boolean {
  const ranges = rangesOf({ offsets: coverage })
  // A partition that is not known was created after the last commit, and begins at 0.
  const continues = ranges.every(([partition, [from]]) => from === (next.get(partition) ?? 0))
  return continues && ranges.some(([, [from, to]]) => from < to)
}

/** Compared with what is covered; the source knows the rest. −1: not known. */
function leaderEpochsGrow({ coverage }: SegmentFooter, { leaderEpochs }: Coverage): boolean {
  return rangesOf({ offsets: coverage }).every(
    ([partition, [, , leaderEpoch]]) =>
      leaderEpoch < 0 || leaderEpoch >= (leaderEpochs.get(partition) ?? leaderEpoch),
  )
}

/** Some of it cannot be fetched any more, and what the source has now is the same history. */
async function isLostAtSource(
  { header, coverage }: SegmentFooter,
  { source }: AdoptionOptions,
): Promise<boolean> {
  if (source.topicId !== header.topicId) return true
  const ranges = rangesOf({ offsets: coverage })
    .map(([partition, [from, next, leaderEpoch]]) => ({ partition, from, next, leaderEpoch }))
    .filter(({ from, next }) => from < next)
  const served = await Promise.all(ranges.map((range) => source.canServe(range)))
  if (served.every(Boolean)) return false
  const known = ranges.filter(({ leaderEpoch }) => leaderEpoch >= 0)
  return (await Promise.all(known.map((range) => source.agrees(range)))).every(Boolean)
}

function endOfRange([partition, [, next]]: ReturnType<typeof rangesOf>[number]): [number, number] {
  return [partition, next]
}
