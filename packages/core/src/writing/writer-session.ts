import { KanneryError, type StorageBackend } from '@kannery/storage'
import { currentIncarnation, leaderEpochsAfter, type NextOffsets } from '../index-file/coverage.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { withChangedEntries } from '../index-file/pages/change-entries.ts'
import type { StoredIndex } from '../index-file/read-index.ts'
import type { TailLimits } from '../index-file/roll.ts'
import type { NamedObject } from '../layout/keys.ts'
import { leaseLost } from '../lease/errors.ts'
import type { RecoverySource, Verdicts } from '../recovery/adoption.ts'
import type { LeftoverFooters } from '../recovery/leftover-footers.ts'
import {
  planRecovery,
  type Recovery,
  type RecoveryOptions,
  withRecovery,
} from '../recovery/recover.ts'
import { defaultRetentionTiming, type RetentionTiming } from '../retention/due.ts'
import type { Retention } from '../retention/retention.ts'
import { laterUlid, type Ulid, type UlidSource } from '../ulid/ulid.ts'
import { type CommitChange, planCommit, withCommit } from './commit-change.ts'
import { IndexHolder } from './index-holder.ts'
import { asCopy } from './lineage.ts'
import { type NewIncarnation, startOf, withIncarnation } from './new-incarnation.ts'

/** What a session needs from its worker. */
export interface WriterSessionOptions {
  readonly storage: StorageBackend
  readonly leftovers: LeftoverFooters
  readonly ids: UlidSource
  readonly tailLimits: TailLimits
  /** The greatest id in the topic's folder, as far as it is known. */
  readonly greatestId: Ulid | undefined
  /** Leader epoch of the last batch before the next offset, by partition, where it is known. */
  readonly leaderEpochs: ReadonlyMap<number, number>
  /** Returns the time by the storage's clock, milliseconds. */
  readonly storageNow: () => number
  /** Asks the storage for its time, milliseconds: not earlier than that of the call. */
  readonly askStorageTime: () => Promise<number>
  /** Retention that the next commit sets. Without it, that of the index stays. */
  readonly retention?: Retention | undefined
  /**
   * Checks the deadline (step 11).
   *
   * @throws LEASE_LOST when the holder has been silent for too long by its own clocks
   */
  readonly assertBeforeDeadline: () => void
  readonly release: () => Promise<void>
  /** Called for failures that do not stop the work. */
  readonly onWarning: (warning: KanneryError) => void
}

/**
 * The right to write one topic's backup, until another worker acquires the topic. Changes are made
 * one after the other, in the order of the calls.
 */
export class WriterSession implements AsyncDisposable {
  readonly topic: string
  /** Epoch in the index that this session was acquired with. */
  readonly epoch: number
  /** Nonce of this writer in the index. */
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
    const { storage, ids, tailLimits } = options
    const assertMayWrite = (): void => this.#assertMayWrite()
    const nextOffsets = (): NextOffsets => this.#nextOffsets
    this.#holder = new IndexHolder(stored, {
      storage,
      ids,
      tailLimits,
      assertMayWrite,
      nextOffsets,
    })
  }

  /** The index as of the last committed change. */
  get index(): Index {
    return this.#holder.index
  }

  /**
   * Returns the next offset to fetch by partition of the current incarnation; empty before the
   * first incarnation. Advances when a commit resolves.
   */
  nextOffsets(): Map<number, number> {
    return new Map(this.#nextOffsets)
  }

  /**
   * Returns the leader epoch of the last batch before the next offset, by partition. A partition is
   * missing where that is not known: nothing is committed, or a gap is last.
   */
  lastLeaderEpochs(): Map<number, number> {
    return new Map(this.#leaderEpochs)
  }

  /** Returns a new id, greater than all ids in the topic's folder. */
  newSegmentId(): Ulid {
    this.#greatestId = this.#options.ids.next(this.#greatestId)
    return this.#greatestId
  }

  /**
   * Recovers what an earlier writer uploaded and did not commit (steps 7 to 9). Called once, before
   * the first fetch. A segment that is the only copy of its records is adopted, others become
   * garbage. Segments that are garbage already are judged again as long as no deletion of them can
   * have begun. {@link nextOffsets} has advanced when it resolves.
   *
   * @param timing the grace that deletions of the topic keep to; defaults to a day
   * @throws DATA_CORRUPT for a page that may name a candidate and cannot be read; what `source`
   *   throws; otherwise as {@link commit}
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
   * Begins an incarnation: the topic is new or was created again, or, with the same topic id, its
   * history was cut off, or a baseline begins.
   *
   * @throws INTERNAL for a baseline of another topic id; otherwise as {@link commit}
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
   * Commits a change (steps 11 to 13). When it resolves, what the change adds can be restored, and
   * no other writer can undo it.
   *
   * @throws LEASE_LOST, after which the topic is acquired again and continued from its next
   *   offsets; INDEX_MISSING when the index was removed; DATA_CORRUPT, INDEX_FOREIGN for an index
   *   that was put in its place; STORAGE_*; INTERNAL for a change that would leave a hole in what
   *   is covered, or cover it twice; TypeError before the first incarnation
   */
  async commit(change: CommitChange): Promise<void> {
    await this.#inTurn(async () => {
      const planned = planCommit(this.index, this.#nextOffsets, change)
      const { retention, storageNow } = this.#options
      const by = { retention, committedMs: storageNow() }
      await this.#holder.replace((index) => withCommit(index, planned, by))
      const { next } = planned
      const before = { next: this.#nextOffsets, leaderEpochs: this.#leaderEpochs }
      this.#leaderEpochs = leaderEpochsAfter(before, change.segment, next)
      this.#nextOffsets = next
    })
  }

  /**
   * Changes entries in the tail and in pages. A page that holds a changed entry is replaced, and is
   * garbage from the same commit on. Offsets and ids must stay the same.
   *
   * @throws as {@link commit}
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
   * Makes the index a copy of `source`, all of whose segments and pages are in this storage
   * already. Only for a session that was acquired to copy.
   *
   * @param garbage the complete garbage of the copy: objects that `source` does not name as live
   * @returns when that was by the target's clock, milliseconds
   * @throws INDEX_FOREIGN when the index is not a copy of that backup; otherwise as {@link commit}
   */
  async becomeCopyOf(source: Index, garbage: readonly NamedObject[]): Promise<number> {
    return await this.#inTurn(async () => {
      const nowMs = this.#options.storageNow()
      const at = new Date(nowMs).toISOString()
      await this.#holder.replace((index) => asCopy(index, source, { at, garbage }))
      return nowMs
    })
  }

  /**
   * Removes deleted objects from the garbage.
   *
   * @throws as {@link commit}
   */
  async dropGarbage(gone: ReadonlySet<Ulid>): Promise<void> {
    await this.#inTurn(async () => {
      await this.#holder.replace((index) => ({
        ...index,
        garbage: index.garbage.filter(({ id }) => !gone.has(id)),
      }))
    })
  }

  /**
   * Releases the topic, after the changes that were called before. Later changes are refused with
   * LEASE_LOST. Further calls return the same result.
   *
   * @throws STORAGE_*
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
   * Releases the topic. A failure is reported to `onWarning`: a lease ages by itself, and the
   * failure must not hide why the work failed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release()
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      this.#options.onWarning(error)
    }
  }

  /**
   * Checks that this writer may still change and delete objects.
   *
   * @throws LEASE_LOST when it may not
   */
  assertHeld(): void {
    this.#assertMayWrite()
  }

  async #planRecovery(
    index: Index,
    by: Pick<RecoveryOptions, 'source' | 'timing'>,
  ): Promise<Recovery> {
    const { storage, leftovers, askStorageTime } = this.#options
    const recovery = await planRecovery({
      storage,
      leftovers,
      index,
      nextOffsets: this.#nextOffsets,
      leaderEpochs: this.#leaderEpochs,
      askStorageTime,
      ...by,
    })
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
   * A session that lost the lease, or does not know what its last request did, cannot be used any
   * more: the topic has to be acquired again.
   */
  #note(error: unknown): void {
    if (KanneryError.is(error, 'LEASE_LOST')) this.#lost ??= error
    if (KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN')) {
      this.#lost ??= leaseLost(
        this.topic,
        'the storage did not report whether it committed the last change',
        error,
      )
    }
    if (KanneryError.is(error, 'STORAGE_NOT_DURABLE')) {
      this.#lost ??= leaseLost(this.topic, 'its disk may lose what was committed last', error)
    }
  }
}
