import type { Advice } from './advice.ts'
import { type ErrorCode, errorCodes } from './error-codes.ts'

/**
 * What a caller may do after an error: nothing (`never`), send the very same request again
 * (`same-request`), or look at the present state first (`after-refresh`). After `same-request` it
 * is unknown whether a write was applied, unless the fact `sent` is false or the code is
 * STORAGE_THROTTLED.
 */
export type Retry = 'never' | 'same-request' | 'after-refresh'

/**
 * Facts of an error, by name, for programs and people: strings, numbers and booleans. A fact that
 * is undefined is not known. Facts never contain a secret.
 */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>

/** What an error says about itself beyond its code and message. All of it is optional. */
export interface ErrorDetails {
  /** The reason, in one sentence, when the message alone does not give it. */
  readonly why?: string | undefined
  /**
   * What to do, in a sentence that names no option and no command of a front end. Defaults to the
   * remedy of the code.
   */
  readonly remedy?: string | undefined
  /**
   * What to do, as data for a front end to put into its own words; front ends without words for it
   * use `remedy`. Defaults to the advice of the code, if no other remedy is given.
   */
  readonly advice?: Advice | undefined
  /**
   * Facts of the error, such as `backend`, `operation`, `key`, `status` and `requestId`, or
   * `topic`, `partition` and `offset`. Two facts steer the retries of a storage: `retryAfterMs`,
   * the pause in milliseconds that a throttling store asked for, and `sent: false` for a request
   * that never left. Defaults to no facts.
   */
  readonly facts?: ErrorFacts | undefined
  /** Error that caused this one. It must hold no secret: it is shown in logs. */
  readonly cause?: unknown
}

/** Options of the constructor of {@link KanneryError}. */
export interface KanneryErrorOptions extends ErrorDetails {
  /** What a caller may do after the error. Defaults to `never`. */
  readonly retry?: Retry | undefined
}

/** What {@link KanneryError.with} changes in a copy of an error. What is absent stays as it is. */
export interface ErrorChanges extends ErrorDetails {
  /** Message of the copy. Defaults to that of the error. */
  readonly message?: string | undefined
}

const brand = Symbol.for('kannery.error')

/**
 * An error of Kannery: every package, also of plugins, throws this class for what it expects to go
 * wrong. `message` says what happened, in words that `grep` can find; `code` is for programs. It
 * never contains a secret.
 */
export class KanneryError extends Error {
  static {
    Object.defineProperty(KanneryError.prototype, brand, { value: true })
  }

  readonly code: ErrorCode
  /** What a caller may do after the error. */
  readonly retry: Retry
  /** Reason, in one sentence, if the message alone does not give it. */
  readonly why: string | undefined
  /** What to do, in a sentence that names no option and no command of a front end. */
  readonly remedy: string
  /** What to do, as data for a front end. If it is undefined, `remedy` is all that is known. */
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

  /** Exit status of a command that ends with this error, which its code determines. */
  get exitStatus(): number {
    return errorCodes[this.code].exitStatus
  }

  /**
   * Returns a copy with the same code and retry, and with the given changes. Facts are added to
   * those of this error, and replace those of the same name; a new remedy without advice removes
   * the old advice, too. This error is the cause of the copy unless another is given.
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
   * Returns whether `error` is a `KanneryError`, with one of `codes` if any are given. It
   * recognises errors of other copies of this package in the same process, as plugins bring them,
   * where `instanceof` does not.
   */
  static is(error: unknown, ...codes: readonly ErrorCode[]): error is KanneryError {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false
    return codes.length === 0 || codes.some((code) => code === (error as { code?: unknown }).code)
  }
}

/** Returns `thrown` itself if it is an Error, and otherwise an Error whose message is its text. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
