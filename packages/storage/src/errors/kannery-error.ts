import type { Advice } from './advice.ts'
import { type ErrorCode, errorCodes } from './error-codes.ts'

/**
 * What a caller may do after an error: nothing, send the very same request again, or look at the
 * present state first.
 */
export type Retry = 'never' | 'same-request' | 'after-refresh'

/** Facts for programs and people. Never a secret. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>

/** What an error says about itself beyond its code and message. */
export interface ErrorDetails {
  /** The reason, in one sentence, when the message alone does not give it. */
  readonly why?: string | undefined
  /**
   * What to do, where this place knows something better than the description of the code. It names
   * no option and no command of a front end.
   */
  readonly remedy?: string | undefined
  /**
   * What to do, for a front end to put into its own words; `remedy` is for those that have none.
   */
  readonly advice?: Advice | undefined
  /**
   * For example `backend`, `operation`, `key`, `status`, `requestId`; `topic`, `partition`,
   * `offset`. Two of them steer the retries of a storage: `retryAfterMs`, the pause that a
   * throttling store asked for, and `sent: false` where the request never left.
   */
  readonly facts?: ErrorFacts | undefined
  readonly cause?: unknown
}

/** What the constructor of an error takes. */
export interface KanneryErrorOptions extends ErrorDetails {
  /** Defaults to `never`. */
  readonly retry?: Retry | undefined
}

/** What a copy of an error says differently. */
export interface ErrorChanges extends ErrorDetails {
  readonly message?: string | undefined
}

const brand = Symbol.for('kannery.error')

/** The one error class. `message` says what happened, in a sentence that `grep` can find. */
export class KanneryError extends Error {
  static {
    Object.defineProperty(KanneryError.prototype, brand, { value: true })
  }

  readonly code: ErrorCode
  readonly retry: Retry
  readonly why: string | undefined
  readonly remedy: string
  readonly advice: Advice | undefined
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, options: KanneryErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    const described = errorCodes[code]
    this.name = 'KanneryError'
    this.code = code
    this.retry = options.retry ?? 'never'
    this.why = options.why
    this.remedy = options.remedy ?? described.remedy
    this.advice = options.advice ?? (options.remedy === undefined ? described.advice : undefined)
    this.facts = options.facts ?? {}
  }

  get exitStatus(): number {
    return errorCodes[this.code].exitStatus
  }

  /**
   * Returns a copy with the same code and retry, and with what `changes` names. Facts are added to
   * those of this error; a new remedy without advice replaces the old advice, too. This error is
   * the cause of the copy unless another is given.
   */
  with(changes: ErrorChanges): KanneryError {
    const keepsAdvice = changes.remedy === undefined || changes.advice !== undefined
    return new KanneryError(this.code, changes.message ?? this.message, {
      retry: this.retry,
      why: changes.why ?? this.why,
      remedy: changes.remedy ?? this.remedy,
      advice: keepsAdvice ? (changes.advice ?? this.advice) : undefined,
      facts: { ...this.facts, ...changes.facts },
      cause: changes.cause ?? this,
    })
  }

  /**
   * Whether `error` is one of ours, and has one of `codes` if any are given. Works across duplicate
   * copies of this package in one process, where `instanceof` would not.
   */
  static is(error: unknown, ...codes: readonly ErrorCode[]): error is KanneryError {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false
    return codes.length === 0 || codes.some((code) => code === (error as { code?: unknown }).code)
  }
}

/** Returns `thrown` itself if it is an Error, else an Error with its text. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
