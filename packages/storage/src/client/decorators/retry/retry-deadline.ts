import type { OnProgress } from '../../../backend.ts'
import { eitherSignal } from '../../../concurrency/either-signal.ts'
import type { Clock, Random } from '../../../environment.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'

export interface RetryPolicy {
  /**
   * All attempts of one call and the pauses between them; for what goes piece by piece: since the
   * last piece of it came or went, or more of a request's body was sent than ever before. No
   * attempt begins later; one that advances is not cut off.
   */
  readonly deadlineMs: number
  /**
   * After which one attempt (or the wait for the next piece of a body, a listing or a deletion of
   * many) counts as failed. Counted from when some of the request's body was last sent. The answer
   * may then take as long as sending the body took, if that is longer: a slow connection still
   * holds bytes that have left us.
   */
  readonly attemptMs: number
  /** Below which the first pause is drawn. Each further pause may be twice as long. */
  readonly firstPauseMs: number
  readonly maxPauseMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  deadlineMs: 60_000,
  attemptMs: 25_000,
  firstPauseMs: 200,
  maxPauseMs: 10_000,
}

export interface RetryEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly policy: RetryPolicy
}

export type Attempt<T> = (signal: AbortSignal, onProgress: OnProgress) => Promise<T>

/** What one call still has: time until its deadline, and the length of its next pause. */
export class RetryDeadline {
  readonly #environment: RetryEnvironment
  readonly #signal: AbortSignal | undefined
  #startMs: number
  #pauses = 0
  /** The most of a request's body that any attempt has sent. */
  #mostSentBytes = 0
  #timedByOthers = 0

  constructor(environment: RetryEnvironment, signal: AbortSignal | undefined) {
    this.#environment = environment
    this.#signal = signal
    this.#startMs = environment.clock.monotonic()
  }

  /** There was progress: all of it is given again. */
  renew(): void {
    this.#startMs = this.#environment.clock.monotonic()
    this.#pauses = 0
  }

  /**
   * Does not count the time of `work`, which has a deadline of its own; then all of it is given
   * again.
   */
  async excluding<T>(work: () => Promise<T>): Promise<T> {
    this.#timedByOthers++
    try {
      return await work()
    } finally {
      this.#timedByOthers--
      this.renew()
    }
  }

  /** Once. When it stands still for too long it is told to stop, and not waited for. */
  async attempt<T>(call: Attempt<T>): Promise<T> {
    const { clock, policy } = this.#environment
    const startMs = clock.monotonic()
    const allowedMs = Math.min(policy.attemptMs, this.#remainingMs())
    const sentBefore = this.#mostSentBytes
    let lastMs = startMs
    const onProgress = (sentBytes: number): void => {
      lastMs = clock.monotonic()
      if (sentBytes > this.#mostSentBytes) {
        this.#mostSentBytes = sentBytes
        this.renew()
      }
    }
    try {
      return await this.#unlessLate(call, onProgress, () => {
        return lastMs + Math.max(allowedMs, lastMs - startMs)
      })
    } finally {
      if (this.#mostSentBytes > sentBefore) this.renew()
    }
  }

  /**
   * Once, however long it takes, as long as there is progress ({@link renew}). Else like {@link
   * attempt}.
   */
  async attemptWhileItAdvances<T>(call: Attempt<T>): Promise<T> {
    const { clock, policy } = this.#environment
    const beganMs = clock.monotonic()
    return await this.#unlessLate(
      call,
      () => this.renew(),
      () => {
        if (this.#timedByOthers > 0) return clock.monotonic() + policy.deadlineMs
        return this.#startMs + Math.max(policy.deadlineMs, this.#startMs - beganMs)
      },
    )
  }

  /**
   * Until it succeeds, fails for good, or the deadline is near. For requests that may be repeated
   * as they are.
   */
  async insist<T>(call: Attempt<T>): Promise<T> {
    for (;;) {
      try {
        return await this.attempt(call)
      } catch (error) {
        await this.pauseAfter(error)
      }
    }
  }

  /** Returns when the same request may be sent again; else throws `error`. */
  async pauseAfter(error: unknown): Promise<void> {
    if (!isRepeatable(error)) throw error
    const { clock, random, policy } = this.#environment
    // "Full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    const longestMs = Math.min(policy.maxPauseMs, policy.firstPauseMs * 2 ** this.#pauses++)
    const pauseMs = retryAfterMs(error) + longestMs * fraction(random)
    if (pauseMs >= this.#remainingMs()) throw error
    await clock.sleep(pauseMs, this.#signal)
  }

  /**
   * @param dueMs until when the call may take, by the monotonic clock; it moves as the call
   * advances
   */
  async #unlessLate<T>(call: Attempt<T>, onProgress: OnProgress, dueMs: () => number): Promise<T> {
    const finished = new AbortController()
    const late = new AbortController()
    const expiry = this.#lateness(dueMs, finished.signal).then((error) => {
      late.abort(error)
      throw error
    })
    try {
      const signal = eitherSignal(this.#signal, late.signal)
      return await Promise.race([call(signal, onProgress), expiry])
    } finally {
      finished.abort()
    }
  }

  /** Resolves when the call has had its time; rejects when that does not matter any more. */
  async #lateness(dueMs: () => number, finished: AbortSignal): Promise<KanneryError> {
    const { clock } = this.#environment
    const startMs = clock.monotonic()
    for (let nowMs = startMs; nowMs < dueMs(); nowMs = clock.monotonic()) {
      await clock.sleep(dueMs() - nowMs, finished)
    }
    return timedOut(clock.monotonic() - startMs)
  }

  #remainingMs(): number {
    const { clock, policy } = this.#environment
    return Math.max(0, this.#startMs + policy.deadlineMs - clock.monotonic())
  }
}

export function isRepeatable(error: unknown): error is KanneryError {
  return KanneryError.is(error) && error.retry === 'same-request'
}

function retryAfterMs(error: KanneryError): number {
  const { retryAfterMs: asked } = error.facts
  return typeof asked === 'number' && asked > 0 ? asked : 0
}

function fraction(random: Random): number {
  const bytes = random.bytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}

function timedOut(afterMs: number): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', 'the storage did not answer in time', {
    retry: 'same-request',
    why: `it was given ${Math.round(afterMs)} ms`,
  })
}
