import {
  type Clock,
  KanneryError,
  type ObjectVersion,
  type Random,
  type StorageBackend,
  type WriteCondition,
} from '@kannery/storage'
import { sleepUnlessAborted } from '@kannery/storage/client'
import { heartbeatKey } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { encodeLeaseFile, type HeartbeatFile } from './lease-files.ts'
import type { StorageTime } from './storage-time.ts'
import { type LeaseTiming, type RenewalTime, renewalTimeNow } from './timing.ts'

/** A renewal that failed is tried again so much sooner than the next one is due. */
const retryDivisor = 10

/** What a heartbeat needs to be written and renewed. */
export interface HeartbeatOptions {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly random: Random
  readonly time: StorageTime
  readonly timing: LeaseTiming
  readonly file: Omit<HeartbeatFile, 'beat' | 'nonce'>
  readonly onWarning: (warning: KanneryError) => void
}

/**
 * The heartbeat of a worker: one object that it renews, for all its topics. Every process has a
 * heartbeat of its own, so that a process that restarts again and again does not keep the leases of
 * a dead one alive.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #stopped = new AbortController()
  #beats = 0
  #version: ObjectVersion | undefined
  #lastRenewal: RenewalTime | undefined
  #turn: Promise<void> = Promise.resolve()
  #renewing: Promise<void> | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** The last renewal that is known to have reached the storage. */
  get lastRenewal(): RenewalTime | undefined {
    return this.#lastRenewal
  }

  /** Writes the heartbeat and starts to renew it. Resolves when it is written. */
  async begin(): Promise<void> {
    if (this.#version === undefined) {
      await this.#inTurn(async () => {
        if (this.#version === undefined) await this.#beat()
      })
    }
    this.#renewing ??= this.#renewUntilStopped()
  }

  /**
   * Renews the heartbeat now.
   *
   * @throws STORAGE_* when the renewal is not known to have reached the storage
   */
  async renew(): Promise<void> {
    await this.#inTurn(() => this.#beat())
  }

  /** Stops the renewals and deletes the heartbeat, if permissions allow it. */
  async end(): Promise<void> {
    this.#stopped.abort()
    await this.#renewing
    await this.#turn
    if (this.#beats > 0) await removeHeartbeat(this.#options.storage, this.#worker)
  }

  get #worker(): Ulid {
    return this.#options.file.worker
  }

  async #renewUntilStopped(): Promise<void> {
    const { clock, timing, onWarning } = this.#options
    let pauseMs = timing.renewEveryMs
    while (await sleepUnlessAborted(clock, pauseMs, this.#stopped.signal)) {
      try {
        await this.renew()
        pauseMs = timing.renewEveryMs
      } catch (error) {
        onWarning(asWarning(error))
        pauseMs = timing.renewEveryMs / retryDivisor
      }
    }
  }

  async #beat(): Promise<void> {
    const { storage, clock, random, time, file } = this.#options
    const renewal = renewalTimeNow(clock)
    const nonce = Buffer.from(random.bytes(16)).toString('hex')
    const body = encodeLeaseFile({ ...file, beat: this.#beats++, nonce })
    const key = heartbeatKey(this.#worker)
    // The next renewal is another chance, with a younger renewal.
    const condition = this.#condition()
    const outcome = await putCertainly(storage, key, body, { condition }, { maxResends: 0 })
    if (outcome.kind === 'written') {
      this.#version = outcome.info.version
      this.#lastRenewal = renewal
      time.observe(outcome.info.lastModified)
      return
    }
    // It was taken for that of a dead worker. No other worker has its name, so it is written again.
    this.#version = outcome.found?.info.version
    await this.#beat()
  }

  #condition(): WriteCondition {
    if (this.#version !== undefined) return { kind: 'if-version', version: this.#version }
    // What was deleted as a dead worker's cannot be created again everywhere.
    const { ifAbsentAfterDelete } = this.#options.storage.capabilities
    return this.#beats > 1 && !ifAbsentAfterDelete ? { kind: 'overwrite' } : { kind: 'if-absent' }
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    await turn
  }
}

/** Deletes the heartbeat of a worker. Failures are ignored: a heartbeat that is left over ages. */
export async function removeHeartbeat(storage: StorageBackend, worker: Ulid): Promise<void> {
  try {
    await storage.delete(heartbeatKey(worker))
  } catch (error) {
    if (!KanneryError.is(error)) throw error
  }
}

function asWarning(error: unknown): KanneryError {
  if (KanneryError.is(error)) return error
  return new KanneryError('INTERNAL', 'a heartbeat cannot be written', { cause: error })
}
