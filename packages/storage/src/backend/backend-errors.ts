import type { WriteCondition } from '../backend.ts'
import { type ErrorDetails, type ErrorFacts, KanneryError } from '../errors/kannery-error.ts'
import { commonMeanings, type ErrorMeaning } from './error-meanings.ts'
import { networkFailure, retryAfterMs, withCauses, withoutRequest } from './http-failure.ts'

/** What a backend was doing when something went wrong. */
export interface BackendAttempt<Operation extends string = string> {
  /** Call or request that was made, for the facts of the error and the permission that it needs. */
  readonly operation: Operation
  /** Key or prefix as the caller named it, for the facts of the error. */
  readonly key?: string | undefined
  /** Location of the object or container, with which the message of the error ends. */
  readonly place: string
  /** Condition of a write, which decides what a condition that did not hold means. */
  readonly condition?: WriteCondition['kind'] | undefined
}

/** An answer of a provider that is an error. */
export interface ErrorAnswer {
  /**
   * HTTP status of the answer. It is absent for one of several errors in an answer that is a
   * success as a whole.
   */
  readonly status?: number | undefined
  /** The provider's code of the error, such as `AccessDenied`. */
  readonly providerCode?: string | undefined
  /** The provider's explanation, in its own words. */
  readonly message?: string | undefined
  /** The provider's id of the request, for its support. */
  readonly requestId?: string | undefined
  /**
   * Returns a header of the answer by its name in lower case. `retry-after` and `date` are asked
   * for. Defaults to no headers.
   */
  readonly header?: ((name: string) => string | undefined) | undefined
  /**
   * Error of the SDK. Only its name, message and stack become the cause: the rest may hold
   * credentials.
   */
  readonly cause?: Error | undefined
}

/** How the errors of a backend over HTTP present it. */
export interface BackendErrorsOptions<Operation extends string> {
  /** Type of the plugin, such as `s3`, for the fact `backend`. */
  readonly type: string
  /** Name of the provider in sentences for people, such as `Azure`. */
  readonly provider: string
  /** The permission that an identity needs for each operation, as the provider calls it. */
  readonly permissions: Readonly<Record<Operation, string>>
}

/**
 * Makes the errors that all backends over HTTP have in common. Each has the facts `backend`,
 * `operation` and `key` of the attempt, and `retry` is `never` unless another one is named here.
 * The methods return the errors, and throw nothing.
 */
export class BackendErrors<Operation extends string = string> {
  readonly #type: string
  readonly #provider: string
  readonly #permissions: Readonly<Record<string, string>>

  constructor({ type, provider, permissions }: BackendErrorsOptions<Operation>) {
    this.#type = type
    this.#provider = provider
    this.#permissions = permissions
  }

  /** Returns the facts that every error of an attempt has, for an error that a backend makes. */
  facts({ operation, key }: BackendAttempt<Operation>): ErrorFacts {
    return { backend: this.#type, operation, key }
  }

  /**
   * Returns the error for an error answer of the provider, whose meaning the backend found out.
   * Code, message and retry are those of the meaning; reason and remedy are, too, if it has them.
   * Otherwise the reason is what the provider answered, and the remedy of STORAGE_DENIED names the
   * permission that the operation needs. Adds the facts `status`, `providerCode`, `requestId` and
   * `retryAfterMs`, by the header `Retry-After`.
   */
  answered(
    meaning: ErrorMeaning,
    attempt: BackendAttempt<Operation>,
    answer: ErrorAnswer,
  ): KanneryError {
    const { status, providerCode, requestId, header = () => undefined, cause } = answer
    return new KanneryError(meaning.code, `${meaning.message}: ${attempt.place}`, {
      cause: cause && withoutRequest(cause),
      why: meaning.why ?? this.#wordsOf(answer),
      retry: meaning.retry,
      remedy: meaning.remedy ?? this.#permissionRemedy(meaning, attempt),
      facts: {
        ...this.facts(attempt),
        status,
        providerCode,
        requestId,
        retryAfterMs: retryAfterMs(header('retry-after'), Date.parse(header('date') ?? '')),
      },
    })
  }

  /**
   * Returns the error with the code, message and retry of a meaning that the backend concluded,
   * where no answer of the provider states it.
   */
  concluded(meaning: ErrorMeaning, attempt: BackendAttempt<Operation>): KanneryError {
    return new KanneryError(meaning.code, `${meaning.message}: ${attempt.place}`, {
      why: meaning.why,
      retry: meaning.retry,
      remedy: meaning.remedy,
      facts: this.facts(attempt),
    })
  }

  /** Returns STORAGE_RANGE for an object of `size` bytes that does not have the requested range. */
  outsideRange(attempt: BackendAttempt<Operation>, size: number): KanneryError {
    const { code, message } = commonMeanings.outsideRange
    return new KanneryError(code, `${message}: ${attempt.place}`, {
      why: `it has ${size} bytes`,
      facts: { ...this.facts(attempt), size },
    })
  }

  /**
   * Returns STORAGE_UNAVAILABLE, with the retry `same-request`, for the body of an object that
   * ended `missing` bytes too early; the number is negative if it was too long.
   */
  cutOff(attempt: BackendAttempt<Operation>, missing: number): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `cut off while it was read: ${attempt.place}`, {
      retry: 'same-request',
      why: `${missing} bytes are missing`,
      facts: this.facts(attempt),
    })
  }

  /**
   * Returns STORAGE_UNAVAILABLE, with the retry `same-request`, for an answer that ended too early
   * or could not be read. Use {@link cutOff} for the body of an object.
   */
  brokenOff(attempt: BackendAttempt<Operation>, cause: unknown): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `the answer broke off: ${attempt.place}`, {
      cause: cause instanceof Error ? withoutRequest(cause) : cause,
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /**
   * Returns STORAGE_UNAVAILABLE, with the retry `same-request`, for a request that the backend gave
   * up because its answer did not come.
   */
  unanswered(attempt: BackendAttempt<Operation>): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `no answer in time: ${attempt.place}`, {
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /**
   * Returns STORAGE_UNSUPPORTED for an answer that the provider never gives, so that nothing can be
   * concluded from it: something else may have answered, such as a proxy. `why` says what is wrong
   * with the answer.
   */
  strangeAnswer(attempt: BackendAttempt<Operation>, why: string): KanneryError {
    const message = `not an answer of ${this.#provider}: ${attempt.place}`
    return new KanneryError('STORAGE_UNSUPPORTED', message, { why, facts: this.facts(attempt) })
  }

  /** Returns STORAGE_UNSUPPORTED for `retainUntil` where objects cannot be locked. */
  noObjectLock(
    attempt: BackendAttempt<Operation>,
    details: Pick<ErrorDetails, 'why' | 'remedy'>,
  ): KanneryError {
    return new KanneryError('STORAGE_UNSUPPORTED', `objects cannot be locked: ${attempt.place}`, {
      ...details,
      facts: this.facts(attempt),
    })
  }

  /**
   * Returns STORAGE_UNAUTHENTICATED for credentials that the SDK did not find or could not get. The
   * reason is the first line of what the SDK says in `cause`.
   */
  noCredentials(cause: Error, attempt: BackendAttempt<Operation>, remedy: string): KanneryError {
    return new KanneryError('STORAGE_UNAUTHENTICATED', `no credentials for ${attempt.place}`, {
      cause: withoutRequest(cause),
      why: cause.message.split('\n')[0] ?? '',
      remedy,
      facts: this.facts(attempt),
    })
  }

  /**
   * Returns the error for a request that got no answer, or undefined if `error` does not explain
   * why: then it is of another kind. It is CONFIG_INVALID for a credential that no HTTP header can
   * carry. Otherwise it is STORAGE_UNAVAILABLE, with the retry `same-request` unless the
   * certificate was refused, and with the facts `status` (the error code of Node.js) and `sent`
   * (whether the request may have been sent).
   */
  unreachable(error: Error, attempt: BackendAttempt<Operation>): KanneryError | undefined {
    if (isInvalidHeader(error)) return this.#unusableSetting(error, attempt)
    const failure = networkFailure(error)
    if (failure === undefined) return undefined
    const { why, retry, remedy, status, sent } = failure
    return new KanneryError('STORAGE_UNAVAILABLE', `cannot reach the storage: ${attempt.place}`, {
      cause: withoutRequest(error),
      why,
      retry,
      remedy,
      facts: { ...this.facts(attempt), status, sent },
    })
  }

  #unusableSetting(error: Error, attempt: BackendAttempt<Operation>): KanneryError {
    const message = `a credential or setting cannot be sent: ${attempt.place}`
    return new KanneryError('CONFIG_INVALID', message, {
      cause: withoutRequest(error),
      why: 'it has a character that no HTTP header may have, such as a line end',
      remedy:
        'Correct the key id or token; a secret that was made with "echo" ends with a line end ("echo -n" and "printf %s" do not).',
      facts: this.facts(attempt),
    })
  }

  #wordsOf({ status, providerCode, message = '' }: ErrorAnswer): string {
    const words = [status, providerCode].filter((word) => word !== undefined).join(' ')
    return `${this.#provider} answered ${words}${message === '' ? '' : `: ${message}`}`
  }

  #permissionRemedy(
    { code }: ErrorMeaning,
    { operation }: BackendAttempt<Operation>,
  ): string | undefined {
    if (code !== 'STORAGE_DENIED') return undefined
    return `Give this identity ${this.#permissions[operation]}.`
  }
}

/** Returns whether Node.js refused to send a header; nothing was sent then. */
function isInvalidHeader(error: Error): boolean {
  return [...withCauses(error)].some((one) => 'code' in one && one.code === 'ERR_INVALID_CHAR')
}
