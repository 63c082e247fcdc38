import { type Clock, KanneryError, type Random, type StorageBackend } from '@kannery/storage'
import { eitherSignal } from '@kannery/storage/client'
import { currentIncarnation, readCoverage } from '../index-file/coverage.ts'
import type { Index } from '../index-file/format/model.ts'
import { defaultTailLimits, type TailLimits } from '../index-file/roll.ts'
import { topicKeys } from '../layout/keys.ts'
import { acquireLease, type Contender, type HeldLease } from '../lease/acquire-lease.ts'
import { leaseLost } from '../lease/errors.ts'
import { Heartbeat } from '../lease/heartbeat.ts'
import { releaseLease } from '../lease/release-lease.ts'
import { StorageTime } from '../lease/storage-time.ts'
import {
  defaultLeaseTiming,
  elapsedSince,
  type LeaseTiming,
  laterRenewal,
  type RenewalTime,
} from '../lease/timing.ts'
import { LeftoverFooters } from '../recovery/leftover-footers.ts'
import type { Retention } from '../retention/retention.ts'
import { laterUlid, type Ulid, UlidSource } from '../ulid/ulid.ts'
import { type EpochOptions, openIndex, raiseEpoch } from './acquire-epoch.ts'
import { WriterSession, type WriterSessionOptions } from './writer-session.ts'

/** Sets what a worker writes with, and how others identify it. */
export interface WorkerOptions {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly random: Random
  /** Defaults to a time to live of 5 min, renewed every 100 s, with a deadline of 225 s. */
  readonly timing?: LeaseTiming | undefined
  /** A description of the worker for people: errors and `listLeases` show it. */
  readonly description: string
  /**
   * A name that no other running worker has, such as that of a pod in a StatefulSet, never a bare
   * host name. A worker that restarts with the same identity takes over its own leases at once.
   * Defaults to none.
   */
  readonly identity?: string | undefined
  /**
   * Retention of the topics that the worker acquires, from their next commit on. Defaults to what
   * their indexes say.
   */
  readonly retention?: Retention | undefined
  /**
   * How much an index names itself before older entries move into pages. Defaults to 256 entries or
   * 128 KiB.
   */
  readonly tailLimits?: TailLimits | undefined
  /** Called for failures that do not stop the work. Defaults to ignoring them. */
  readonly onWarning?: ((warning: KanneryError) => void) | undefined
}

/** Sets for which backup a topic is acquired, and how long to wait for it. */
export interface AcquireOptions {
  /** Kafka's id of the cluster. A backup of another cluster is refused. */
  readonly cluster: string
  /**
   * The index of the source, when a copy is to be written. The topic must then have no backup, or a
   * copy of that source. Without it, an existing copy becomes a backup of its own, which cannot
   * become a copy again.
   */
  readonly copyOf?: Index | undefined
  /**
   * How long to wait for a topic that another worker writes, milliseconds. Defaults to 0: it is
   * refused at once.
   */
  readonly waitMs?: number | undefined
  /** Ends the wait: {@link Worker.acquire} then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The right to change a topic's folder while its lease is held, without an open index. */
export interface Tenure {
  /** Nonce of the holder. */
  readonly writer: string
  readonly ids: UlidSource
  readonly tailLimits: TailLimits
  /** Returns the time by the storage's clock, milliseconds. */
  readonly storageNow: () => number
  /**
   * Checks that the lease is still held; called right before every change.
   *
   * @throws LEASE_LOST when its holder has been silent for too long by its own clocks
   */
  readonly assertHeld: () => void
}

/**
 * A process that writes backups, with one heartbeat for all its topics. Disposing of it releases
 * them.
 */
export class Worker implements AsyncDisposable {
  /** Id of the worker, which is the name of its heartbeat. */
  readonly id: Ulid
  readonly #contender: Contender
  readonly #disposed = new AbortController()
  readonly #retention: Retention | undefined
  readonly #tailLimits: TailLimits
  readonly #onWarning: (warning: KanneryError) => void
  /** Sessions by topic, also those that are still being acquired. */
  readonly #sessions = new Map<string, Promise<WriterSession>>()

  private constructor(options: WorkerOptions) {
    const { storage, clock, random, description, identity } = options
    const { timing = defaultLeaseTiming, onWarning = () => undefined } = options
    this.#onWarning = onWarning
    this.#retention = options.retention
    this.#tailLimits = options.tailLimits ?? defaultTailLimits
    this.id = new UlidSource({ clock, random }).next()
    const time = new StorageTime(clock)
    const file = {
      format: 1,
      worker: this.id,
      holder: description,
      identity: identity ?? null,
      ttlMs: timing.ttlMs,
      since: new Date(clock.now()).toISOString(),
    } as const
    const heartbeat = new Heartbeat({ storage, clock, random, time, timing, file, onWarning })
    const worker = this.id
    this.#contender = {
      storage,
      clock,
      random,
      time,
      timing,
      heartbeat,
      worker,
      description,
      identity,
    }
  }

  /**
   * Starts a worker. Sends no request to the storage: a worker that finds all topics taken leaves
   * no trace.
   */
  static async start(options: WorkerOptions): Promise<Worker> {
    return new Worker(options)
  }

  /**
   * Acquires a topic (steps 1 to 6): when it resolves, this worker is the only writer of the topic.
   * A topic without a backup gets an index.
   *
   * @throws LEASE_HELD when another worker writes the topic; LEASE_LOST when another worker was
   *   faster; INDEX_MISSING, INDEX_OUTDATED, INDEX_FOREIGN, DATA_CORRUPT, DATA_VERSION_UNSUPPORTED
   *   for an index that must not be changed; INTERNAL when this worker writes the topic already;
   *   STORAGE_*
   */
  async acquire(topic: string, options: AcquireOptions): Promise<WriterSession> {
    if (this.#sessions.has(topic)) {
      throw new KanneryError('INTERNAL', `topic "${topic}" is already written by this worker`)
    }
    const acquiring = this.#acquire(topic, options)
    this.#sessions.set(topic, acquiring)
    try {
      return await acquiring
    } catch (error) {
      this.#sessions.delete(topic)
      throw error
    }
  }

  /**
   * Acquires only the lease of a topic (steps 1 to 3) while `work` runs, to repair an index that
   * cannot be opened. No other worker begins to write the topic meanwhile. The lease is released
   * when `work` has settled.
   *
   * @throws LEASE_HELD when another worker writes the topic; STORAGE_*; what `work` throws
   */
  async whileHolding<T>(topic: string, work: (tenure: Tenure) => Promise<T>): Promise<T> {
    const { storage, clock, random } = this.#contender
    const signal = this.#disposed.signal
    const held = await acquireLease(this.#contender, topic, { waitMs: 0, signal })
    try {
      return await work({
        writer: newWriter(random),
        ids: new UlidSource({ clock, random }),
        tailLimits: this.#tailLimits,
        storageNow: () => this.storageNow(),
        assertHeld: () => this.#assertBeforeDeadline(held),
      })
    } finally {
      await this.#warnOnFailure(() => releaseLease(held, { storage, onWarning: this.#onWarning }))
    }
  }

  /**
   * Returns the time by the storage's clock, milliseconds; by our own clock before the first answer
   * of the storage.
   */
  storageNow(): number {
    const { time, clock } = this.#contender
    return time.now() ?? clock.now()
  }

  /**
   * Releases all topics and ends the heartbeat. Failures are reported to `onWarning`: leases age by
   * themselves.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort()
    const acquired = await Promise.allSettled(this.#sessions.values())
    const sessions = acquired.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    )
    await Promise.all(sessions.map((session) => this.#warnOnFailure(() => session.release())))
    await this.#warnOnFailure(() => this.#contender.heartbeat.end())
  }

  async #acquire(topic: string, options: AcquireOptions): Promise<WriterSession> {
    const { waitMs = 0 } = options
    const signal = eitherSignal(options.signal, this.#disposed.signal)
    const held = await acquireLease(this.#contender, topic, { waitMs, signal })
    return await this.#openSession(held, topic, options)
  }

  /** Steps 4 to 6. The lease is released when the index cannot be opened. */
  async #openSession(
    held: HeldLease,
    topic: string,
    { cluster, copyOf }: AcquireOptions,
  ): Promise<WriterSession> {
    const { storage, clock, random } = this.#contender
    try {
      const ids = new UlidSource({ clock, random })
      const leftovers = new LeftoverFooters(storage)
      const options: EpochOptions = {
        storage,
        leftovers,
        topic,
        cluster,
        copyOf,
        ids,
        writer: newWriter(random),
        beforeWrite: () => this.#confirmAfterDelay(held),
      }
      const { stored } = await raiseEpoch(await openIndex(options), options)
      const incarnation = currentIncarnation(stored.index)
      const covered = incarnation && (await readCoverage(storage, stored.index, incarnation.n))
      const next = covered?.next
      return new WriterSession(stored, next ?? new Map(), {
        ...this.#sessionOptions(held),
        ids,
        leftovers,
        greatestId: greatestIdIn(stored.index),
        leaderEpochs: covered?.leaderEpochs ?? new Map(),
      })
    } catch (error) {
      await this.#warnOnFailure(() => this.#release(held))
      throw error
    }
  }

  #sessionOptions(
    held: HeldLease,
  ): Omit<WriterSessionOptions, 'ids' | 'leftovers' | 'greatestId' | 'leaderEpochs'> {
    const { storage, clock, time } = this.#contender
    const { topic } = held.lease
    return {
      storage,
      storageNow: () => time.now() ?? clock.now(),
      askStorageTime: () => time.ask(storage, topicKeys(topic).time, 0),
      retention: this.#retention,
      tailLimits: this.#tailLimits,
      assertBeforeDeadline: () => this.#assertBeforeDeadline(held),
      release: async () => {
        this.#sessions.delete(topic)
        await this.#release(held)
      },
      onWarning: this.#onWarning,
    }
  }

  #assertBeforeDeadline({ lease, renewal }: HeldLease): void {
    const { clock, timing, heartbeat } = this.#contender
    const silentMs = elapsedSince(clock, laterRenewal(renewal, heartbeat.lastRenewal))
    if (silentMs <= timing.deadlineMs) return
    throw leaseLost(
      lease.topic,
      `no heartbeat reached the storage for ${Math.round(silentMs / 1000)} s: another writer may have taken over`,
    )
  }

  /**
   * Step 5: after a delay, renews the heartbeat, so that this worker is not taken for dead right
   * after. If a successor has acquired the topic already, the topic is left to it. The index was
   * read before this check, so a successor that comes later changes it before our index is written.
   */
  async #confirmAfterDelay(held: HeldLease): Promise<void> {
    const { storage, clock, timing, heartbeat } = this.#contender
    const isLong = (renewal: RenewalTime): boolean =>
      elapsedSince(clock, renewal) > timing.ttlMs / 2
    if (!isLong(held.renewal)) return
    if (isLong(laterRenewal(held.renewal, heartbeat.lastRenewal))) await heartbeat.renew()
    const { topic } = held.lease
    const found = await storage.head(topicKeys(topic).lease)
    if (found?.version === held.version) return
    throw leaseLost(topic, 'another writer took it over before this one had opened the index')
  }

  async #release(held: HeldLease): Promise<void> {
    const { storage } = this.#contender
    await releaseLease(held, { storage, onWarning: this.#onWarning })
  }

  async #warnOnFailure(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      this.#onWarning(error)
    }
  }
}

function newWriter(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}

function greatestIdIn(index: Index): Ulid | undefined {
  const pages = index.pages.flatMap(({ id, ids, pages: inner }) => [id, ids[1], inner?.[1]])
  const garbage = index.garbage.map(({ id }) => id)
  const ids = [index.commit, ...index.segments.map(({ id }) => id), ...pages, ...garbage]
  return ids.reduce<Ulid | undefined>(laterUlid, undefined)
}
