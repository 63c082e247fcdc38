import { KanneryError, type StorageBackend } from '@kannery/storage'
import { withCaughtUp } from '../index-file/baseline.ts'
import {
  type Continuation,
  continueCoverage,
  currentIncarnation,
  leaderEpochsAfter,
  type NextOffsets,
} from '../index-file/coverage.ts'
import type { Baseline, Gap, Incarnation, Index, SegmentEntry } from '../index-file/format/model.ts'
import { withChangedEntries } from '../index-file/pages/change-entries.ts'
import type { StoredIndex } from '../index-file/read-index.ts'
import type { NamedObject } from '../layout/keys.ts'
import { leaseLost } from '../lease/errors.ts'
import type { RecoverySource, Verdicts } from '../recovery/adoption.ts'
import {
  planRecovery,
  type Recovery,
  type RecoveryOptions,
  withRecovery,
} from '../recovery/recover.ts'
import { defaultRetentionTiming, type RetentionTiming } from '../retention/due.ts'
import {
  decodeRetention,
  encodeRetention,
  expiryOf,
  type Retention,
} from '../retention/retention.ts'
import { laterUlid, type Ulid, type UlidSource } from '../ulid/ulid.ts'
import { IndexHolder } from './index-holder.ts'
import { asCopy } from './lineage.ts'

/** What one commit adds to the current incarnation. */
export interface CommitChange {
  /** Uploaded whole, under an id of {@link WriterSession.newSegmentId}. */
  readonly segment?: SegmentEntry
  readonly gaps?: readonly Gap[]
  /** How many partitions there are now, if that has grown. */
  readonly partitions?: number
  /** By partition: where a new one was first seen, if not at 0. */
  readonly start?: Readonly<Record<number, number>>
  /**
   * Partitions whose last stable offset was reached, with what is committed now, at some moment
   * since the incarnation began. Only such a moment tells that nothing is missing: what compaction
   * took away unread was written again further on.
   */
  readonly caughtUp?: readonly number[]
  /** How the topic is configured now, if that has changed. */
  readonly settings?: Pick<Incarnation, 'config' | 'effective'>
}

export type NewIncarnation = Pick<
  Incarnation,
  'topicId' | 'partitions' | 'start' | 'config' | 'effective' | 'replicationFactor'
> & {
  /**
   * The topic is compacted, and this is the same one (by its id), read anew from its start. It
   * stands for the incarnation before it once every partition was caught up with: {@link
   * CommitChange.caughtUp}.
   */
  readonly isBaseline?: boolean
}

export interface WriterSessionOptions {
  readonly storage: StorageBackend
  readonly ids: UlidSource
  /** Greater than all ids in the topic's folder that are known of. */
  readonly greatestId: Ulid | undefined
  /** By partition, of the last batch before the next offset, where it is known. */
  readonly leaderEpochs: ReadonlyMap<number, number>
  /** What time it is by the storage's clock, milliseconds. */
  readonly storageNow: () => number
  /** Asks the storage what time it is, milliseconds: not earlier than when it is called. */
  readonly askStorageTime: () => Promise<number>
  /** Set with the next commit; what the index says stays without it. */
  readonly retention?: Retention
  /** @throws LEASE_LOST when the holder has been silent for too long by its own clocks (step 11) */
  readonly assertBeforeDeadline: () => void
  readonly release: () => Promise<void>
  /** Told of what failed but does not stop the work. */
  readonly onWarning: (warning: KanneryError) => void
}

/**
 * The right to write one topic's backup, for as long as nobody else acquires it. All changes go one
 * after the other, in the order in which they were asked for.
 */
export class WriterSession implements AsyncDisposable {
  readonly topic: string
  readonly epoch: number
  readonly writer: string
  readonly #options: WriterSessionOptions
  readonly #holder: IndexHolder
  #nextOffsets: NextOffsets
  #leaderEpochs: ReadonlyMap<number, number>
  #greatestId: Ulid | undefined
  #lost: KanneryError | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #released: Promise<void> | undefined

  constructor(stored: StoredIndex, next: NextOffsets, options: WriterSessionOptions) {
    const { topic, epoch, writer } = stored.index
    this.topic = topic
    this.epoch = epoch
    this.writer = writer
    this.#options = options
    this.#nextOffsets = next
    this.#leaderEpochs = options.leaderEpochs
    this.#greatestId = options.greatestId
    const { storage, ids } = options
    const assertMayWrite = (): void => this.#assertMayWrite()
    const nextOffsets = (): NextOffsets => this.#nextOffsets
    this.#holder = new IndexHolder(stored, { storage, ids, assertMayWrite, nextOffsets })
  }

  /** As of the last change that is committed. */
  get index(): Index {
    return this.#holder.index
  }

  /**
   * By partition, what to fetch next of the current incarnation; empty before the first one. Moves
   * on when a commit is done.
   */
  nextOffsets(): Map<number, number> {
    return new Map(this.#nextOffsets)
  }

  /**
   * By partition, the leader epoch of the last batch before the next offset. A partition is missing
   * where it is not known: nothing is committed, or a gap is last.
   */
  lastLeaderEpochs(): Map<number, number> {
    return new Map(this.#leaderEpochs)
  }

  /** Greater than all ids in the topic's folder, and never given twice. */
  newSegmentId(): Ulid {
    this.#greatestId = this.#options.ids.next(this.#greatestId)
    return this.#greatestId
  }

  /**
   * Steps 7 to 9, once, before the first fetch: what a writer before this one uploaded and did not
   * commit is adopted where it is the only copy, and listed as garbage elsewhere. What is garbage
   * already is looked at again for as long as nobody can have begun to delete it. {@link
   * nextOffsets} has moved on when it resolves.
   *
   * @param timing by which deletions of the topic go
   */
  async recover(
    source: RecoverySource,
    timing: RetentionTiming = defaultRetentionTiming,
  ): Promise<Verdicts> {
    return await this.#inTurn(async () => {
      let judged = this.index
      const plan = (index: Index): Promise<Recovery> =>
        this.#planRecovery(index, { source, timing })
      let recovery = await plan(judged)
      if (recovery.adopted.length + recovery.garbage.length > 0) {
        const since = new Date(this.#options.storageNow()).toISOString()
        await this.#holder.replace(async (index) => {
          // An edit that came between may name what no index named a moment ago.
          if (index !== judged) recovery = await plan(index)
          judged = index
          return withRecovery(index, recovery, since)
        })
        this.#nextOffsets = recovery.nextOffsets
        this.#leaderEpochs = recovery.leaderEpochs
      }
      return recovery
    })
  }

  /**
   * The topic begins, or begins anew: it was created again, or, with the same topic id, its history
   * was cut off, or a baseline begins.
   *
   * @throws INTERNAL for a baseline of another topic id
   */
  async beginIncarnation(incarnation: NewIncarnation): Promise<void> {
    await this.#inTurn(async () => {
      const since = new Date(this.#options.storageNow()).toISOString()
      await this.#holder.replace((index) => withIncarnation(index, incarnation, since))
      this.#nextOffsets = startOf(currentIncarnation(this.index))
      this.#leaderEpochs = new Map()
    })
  }

  /**
   * Steps 11 to 13: what `change` adds can be restored, and nobody can take it back, when it
   * resolves.
   *
   * @throws LEASE_LOST: acquire again, and go on from its next offsets; INDEX_MISSING; STORAGE_*;
   *   INTERNAL for a change that
   * would leave a hole in what is covered, or cover it twice
   */
  async commit(change: CommitChange): Promise<void> {
    await this.#inTurn(async () => {
      const { segment: added, gaps = [] } = change
      const incarnation = grown(currentIncarnation(this.index), change)
      const known = new Map([...startOf(incarnation), ...this.#nextOffsets])
      const continuation = continueCoverage(known, { gaps, ...(added && { segment: added }) })
      const next = asContinued(continuation, this.topic)
      for (const item of [...gaps, ...(added ? [added] : [])]) {
        if (item.in !== incarnation.n) throw defect(this.topic, 'it is of another incarnation')
      }
      const { retention: chosen, storageNow } = this.#options
      const committedMs = storageNow()
      const at = new Date(committedMs).toISOString()
      const advanced = withCaughtUp(incarnation, change.caughtUp ?? [], at)
      await this.#holder.replace((index) => {
        const retention = chosen ? encodeRetention(chosen) : index.retention
        const segment = added && withExpiry(added, retention, committedMs)
        return {
          ...index,
          retention,
          incarnations: index.incarnations.with(-1, advanced),
          segments: [...index.segments, ...(segment ? [inOrder(segment)] : [])],
          gaps: [...index.gaps, ...gaps],
        }
      })
      const before = { next: this.#nextOffsets, leaderEpochs: this.#leaderEpochs }
      this.#leaderEpochs = leaderEpochsAfter(before, added, next)
      this.#nextOffsets = next
    })
  }

  /**
   * Changes entries wherever they are, in the tail or in pages. A page that holds one is written
   * anew, and the old one is garbage from the same commit on. Offsets and ids stay as they are.
   */
  async changeEntries(
    ids: ReadonlySet<Ulid>,
    change: (entry: SegmentEntry) => SegmentEntry,
  ): Promise<void> {
    await this.#inTurn(async () => {
      const since = new Date(this.#options.storageNow()).toISOString()
      await this.#holder.replace((index, writer) =>
        withChangedEntries(index, { ids, change, since, writer }),
      )
    })
  }

  /**
   * Makes the index a copy of `source`, all of whose segments and pages are here already. For a
   * session acquired to copy.
   *
   * @param garbage all that the copy's garbage is from now on: `source` does not name it as live
   * @returns when that was by the target's clock, milliseconds
   */
  async becomeCopyOf(source: Index, garbage: readonly NamedObject[]): Promise<number> {
    return await this.#inTurn(async () => {
      const nowMs = this.#options.storageNow()
      const at = new Date(nowMs).toISOString()
      await this.#holder.replace((index) => asCopy(index, source, { at, garbage }))
      return nowMs
    })
  }

  /** Takes what was deleted off the garbage. */
  async dropGarbage(gone: ReadonlySet<Ulid>): Promise<void> {
    await this.#inTurn(async () => {
      await this.#holder.replace((index) => ({
        ...index,
        garbage: index.garbage.filter(({ id }) => !gone.has(id)),
      }))
    })
  }

  /**
   * Gives the topic back, after what was asked for before. Once; what is asked for later is
   * refused.
   */
  async release(): Promise<void> {
    if (this.#released === undefined) {
      this.#released = this.#turn.then(async () => {
        this.#lost ??= leaseLost(this.topic, 'it was released')
        await this.#options.release()
      })
      this.#turn = this.#released.catch(() => undefined)
    }
    await this.#released
  }

  /**
   * Releases it. What fails of that is told to `onWarning`: a lease ages by itself, and must not
   * hide why the work failed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release()
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      this.#options.onWarning(error)
    }
  }

  /** @throws LEASE_LOST when this writer may not change or delete anything any more */
  assertHeld(): void {
    this.#assertMayWrite()
  }

  async #planRecovery(
    index: Index,
    by: Pick<RecoveryOptions, 'source' | 'timing'>,
  ): Promise<Recovery> {
    const { storage, askStorageTime } = this.#options
    const covered = { nextOffsets: this.#nextOffsets, leaderEpochs: this.#leaderEpochs }
    const recovery = await planRecovery({ storage, index, ...covered, askStorageTime, ...by })
    this.#greatestId = laterUlid(this.#greatestId, recovery.greatestId)
    return recovery
  }

  #assertMayWrite(): void {
    if (this.#lost !== undefined) throw this.#lost
    this.#options.assertBeforeDeadline()
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      this.#assertMayWrite()
      return await work()
    })
    this.#turn = turn.catch((error: unknown) => this.#note(error))
    return await turn
  }

  /**
   * Whoever lost the lease, or does not know what its last request did, must look at the world
   * again.
   */
  #note(error: unknown): void {
    if (KanneryError.is(error, 'LEASE_LOST')) this.#lost ??= error
    if (KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN')) {
      this.#lost ??= leaseLost(this.topic, 'the storage never said whether it committed', error)
    }
    if (KanneryError.is(error, 'STORAGE_NOT_DURABLE')) {
      this.#lost ??= leaseLost(this.topic, 'its disk may lose what was committed last', error)
    }
  }
}

function withIncarnation(index: Index, added: NewIncarnation, since: string): Index {
  const last = currentIncarnation(index)
  const { topicId, partitions, start, isBaseline = false, ...settings } = added
  const before = last?.topicId === topicId ? last : undefined
  const n = last === undefined ? 0 : last.n + 1
  const branch = before === undefined ? 0 : before.branch + (isBaseline ? 0 : 1)
  const baseline = isBaseline ? baselineOf(before, index.topic, partitions) : null
  const life = { n, topicId, branch, since, partitions, start, baseline }
  return { ...index, incarnations: [...index.incarnations, { ...life, ...settings }] }
}

function baselineOf(before: Incarnation | undefined, topic: string, partitions: number): Baseline {
  if (before === undefined) throw defect(topic, 'a baseline is of the topic that it stands for')
  const pending = Array.from({ length: partitions }, (_, partition) => partition)
  return { of: before.n, pending, complete: null }
}

function startOf(incarnation: Incarnation | undefined): NextOffsets {
  const partitions = Array.from({ length: incarnation?.partitions ?? 0 }, (_, p) => p)
  return new Map(partitions.map((partition) => [partition, incarnation?.start[partition] ?? 0]))
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

/** As people expect to read it, whatever the order in which it was put together. */
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
