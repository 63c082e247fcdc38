import { eitherSignal } from '../../either-signal.ts'
import type { Clock, Random } from '../../environment.ts'
import { KanneryError } from '../../errors.ts'

export interface RetryPolicy {
  /** All attempts of one call and the pauses between them; for what goes piece by piece: since the last piece of it came or went. */
  readonly deadlineMs: number
  /** After which one attempt (or the wait for the next piece of a body, a listing or a deletion of many) counts as failed. */
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

export type Attempt<T> = (signal: AbortSignal) => Promise<T>

/** What one call still has: time until its deadline, and the length of its next pause. */
export class Patience {
  readonly #environment: RetryEnvironment
  readonly #signal: AbortSignal | undefined
  #startMs: number
  #pauses = 0

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

  /** Once. When it takes too long it is told to stop, and not waited for. */
  async attempt<T>(call: Attempt<T>): Promise<T> {
    const { clock, policy } = this.#environment
    const allowedMs = Math.min(policy.attemptMs, this.#remainingMs())
    return await this.#unlessLate(call, async (finished) => {
      await clock.sleep(allowedMs, finished)
      return timedOut(allowedMs)
    })
  }

  /** Once, however long it takes, as long as there is progress ({@link renew}). Else like {@link attempt}. */
  async attemptWhileItAdvances<T>(call: Attempt<T>): Promise<T> {
    const { clock, policy } = this.#environment
    return await this.#unlessLate(call, async (finished) => {
      for (let leftMs = this.#remainingMs(); leftMs > 0; leftMs = this.#remainingMs()) {
        await clock.sleep(leftMs, finished)
      }
      return timedOut(policy.deadlineMs)
    })
  }

  /** Until it succeeds, fails for good, or the deadline is near. For requests that may be repeated as they are. */
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

  /** @param lateness resolves when the call has had its time; rejects when that does not matter any more */
  async #unlessLate<T>(
    call: Attempt<T>,
    lateness: (finished: AbortSignal) => Promise<KanneryError>,
  ): Promise<T> {
    const finished = new AbortController()
    const late = new AbortController()
    const expiry = lateness(finished.signal).then((error) => {
      late.abort(error)
      throw error
    })
    try {
      return await Promise.race([call(eitherSignal(this.#signal, late.signal)), expiry])
    } finally {
      finished.abort()
    }
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
