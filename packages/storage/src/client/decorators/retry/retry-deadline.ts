import type { OnProgress } from '../../../backend.ts'
import { eitherSignal } from '../../../concurrency/abort-signals.ts'
import type { Clock, Random } from '../../../environment.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'

/** Limits of the retries of a call. All times are in milliseconds. */
export interface RetryPolicy {
  /**
   * Time for all attempts of one call and the pauses between them. It starts again when a chunk of
   * a body or an entry of a listing arrives, and when more of a request's body was sent than ever
   * before. No attempt begins later; one that makes progress is not cut off. Defaults to 60,000.
   */
  readonly deadlineMs: number
  /**
   * Time after which one attempt counts as failed, or the wait for the next chunk of a body, the
   * next entry of a listing or the next result of a deletion. It starts again whenever some of the
   * request's body was sent. The answer may take as long as sending the body took, if that is
   * longer: a slow connection still holds bytes that this process has already sent. Defaults to
   * 25,000.
   */
  readonly attemptMs: number
  /**
   * Upper bound of the first random pause. The bound doubles with each further pause, and starts
   * again with progress. The pause that a throttling store asks for is added. Defaults to 200.
   */
  readonly firstPauseMs: number
  /** Upper bound of every random pause. Defaults to 10,000. */
  readonly maxPauseMs: number
}

/** The retry policy that applies where none is given. */
export const defaultRetryPolicy: RetryPolicy = {
  deadlineMs: 60_000,
  attemptMs: 25_000,
  firstPauseMs: 200,
  maxPauseMs: 10_000,
}

/** Clock, randomness and limits of retries, which all calls of a storage share. */
export interface RetryEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly policy: RetryPolicy
}

/** Makes one attempt of a call, and reports how many bytes of the request's body were sent. */
export type Attempt<T> = (signal: AbortSignal, onProgress: OnProgress) => Promise<T>

/** The time that one call has left for further attempts, and the length of its next pause. */
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

  get clock(): Clock {
    return this.#environment.clock
  }

  /**
   * Until when an attempt may take that begins now and makes no progress, milliseconds by the
   * monotonic clock. Never decreases.
   */
  get attemptDueMs(): number {
    return this.clock.monotonic() + this.#allowedMs()
  }

  /** Starts the time and the length of the pauses again, because there was progress. */
  renew(): void {
    this.#startMs = this.#environment.clock.monotonic()
    this.#pauses = 0
  }

  /** Runs `work`, which has a deadline of its own, without counting its time; then starts again. */
  async excluding<T>(work: () => Promise<T>): Promise<T> {
    this.#timedByOthers++
    try {
      return await work()
    } finally {
      this.#timedByOthers--
      this.renew()
    }
  }

  /**
   * Makes one attempt. It is aborted, and not waited for, when it makes no progress for too long.
   */
  async attempt<T>(call: Attempt<T>): Promise<T> {
    const { clock } = this.#environment
    const startMs = clock.monotonic()
    const allowedMs = this.#allowedMs()
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
   * Makes one attempt that may take any time as long as there is progress ({@link renew}).
   * Otherwise like {@link attempt}.
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
   * Repeats an attempt until it succeeds, fails permanently, or the deadline is near. Only for
   * requests that may be repeated as they are.
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

  /** Waits until the same request may be sent again; throws `error` if it may not. */
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
   * Makes one attempt, and rejects when it is not over in time.
   *
   * @param dueMs returns until when the call may take, by the monotonic clock; it moves as the call
   *   advances
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

  /** Resolves when the time of the call is over; rejects when the call has finished. */
  async #lateness(dueMs: () => number, finished: AbortSignal): Promise<KanneryError> {
    const { clock } = this.#environment
    const startMs = clock.monotonic()
    for (let nowMs = startMs; nowMs < dueMs(); nowMs = clock.monotonic()) {
      await clock.sleep(dueMs() - nowMs, finished)
    }
    return timedOut(clock.monotonic() - startMs)
  }

  /** Returns how long an attempt may take that begins now and makes no progress. */
  #allowedMs(): number {
    return Math.min(this.#environment.policy.attemptMs, this.#remainingMs())
  }

  #remainingMs(): number {
    const { clock, policy } = this.#environment
    return Math.max(0, this.#startMs + policy.deadlineMs - clock.monotonic())
  }
}

/** Returns whether the request that failed with `error` may be sent again as it is. */
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

/** Makes the error for an attempt that made no progress for too long. */
export function timedOut(afterMs: number): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', 'the storage did not answer in time', {
    retry: 'same-request',
    why: `it was given ${Math.round(afterMs)} ms`,
  })
}
