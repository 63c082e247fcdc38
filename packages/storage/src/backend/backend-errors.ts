import type { WriteCondition } from '../backend.ts'
import { type ErrorDetails, type ErrorFacts, KanneryError } from '../errors/kannery-error.ts'
import { commonMeanings, type ErrorMeaning } from './error-meanings.ts'
import { networkFailure, retryAfterMs, withCauses, withoutRequest } from './http-failure.ts'

/** What a backend was doing when something went wrong. */
export interface BackendAttempt<Operation extends string = string> {
  readonly operation: Operation
  /** Key as the caller named it. */
  readonly key?: string | undefined
  /** Location of the object or container, for people. */
  readonly place: string
  /** The condition of a write. */
  readonly condition?: WriteCondition['kind'] | undefined
}

/** An answer of a provider that is an error. */
export interface ErrorAnswer {
  /** Absent for one of several errors in an answer that is a success as a whole. */
  readonly status?: number | undefined
  /** The provider's code of the error, such as `AccessDenied`. */
  readonly providerCode?: string | undefined
  /** The provider's explanation. */
  readonly message?: string | undefined
  /** The provider's id of the request, for its support. */
  readonly requestId?: string | undefined
  /** Returns a header by its name in lower case. */
  readonly header?: ((name: string) => string | undefined) | undefined
  /** Error of the SDK. Only its name, message and stack are kept: it may hold credentials. */
  readonly cause?: Error | undefined
}

/** A backend over HTTP, as its errors present it. */
export interface BackendErrorsOptions<Operation extends string> {
  /** Type of the plugin, for programs. */
  readonly type: string
  /** Name of the provider, for people. */
  readonly provider: string
  /** The permission that an identity needs for each operation, as the provider calls it. */
  readonly permissions: Readonly<Record<Operation, string>>
}

/** Makes the errors that all backends over HTTP have in common, with the facts of the attempt. */
export class BackendErrors<Operation extends string = string> {
  readonly #type: string
  readonly #provider: string
  readonly #permissions: Readonly<Record<string, string>>

  constructor({ type, provider, permissions }: BackendErrorsOptions<Operation>) {
    this.#type = type
    this.#provider = provider
    this.#permissions = permissions
  }

  facts({ operation, key }: BackendAttempt<Operation>): ErrorFacts {
    return { backend: this.#type, operation, key }
  }

  /** The provider answered with an error, whose meaning the backend found out. */
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

  /** What `meaning` says of an attempt, without an answer that would say it. */
  concluded(meaning: ErrorMeaning, attempt: BackendAttempt<Operation>): KanneryError {
    return new KanneryError(meaning.code, `${meaning.message}: ${attempt.place}`, {
      why: meaning.why,
      retry: meaning.retry,
      remedy: meaning.remedy,
      facts: this.facts(attempt),
    })
  }

  outsideRange(attempt: BackendAttempt<Operation>, size: number): KanneryError {
    const { code, message } = commonMeanings.outsideRange
    return new KanneryError(code, `${message}: ${attempt.place}`, {
      why: `it has ${size} bytes`,
      facts: { ...this.facts(attempt), size },
    })
  }

  /** The body of an object ended too early. */
  cutOff(attempt: BackendAttempt<Operation>, missing: number): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `cut off while it was read: ${attempt.place}`, {
      retry: 'same-request',
      why: `${missing} bytes are missing`,
      facts: this.facts(attempt),
    })
  }

  /** An answer other than the body of an object ended too early. */
  brokenOff(attempt: BackendAttempt<Operation>, cause: unknown): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `the answer broke off: ${attempt.place}`, {
      cause: cause instanceof Error ? withoutRequest(cause) : cause,
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /** A request was given up because its answer did not come. */
  unanswered(attempt: BackendAttempt<Operation>): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `no answer in time: ${attempt.place}`, {
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /** The provider never answers like this, so that nothing can be concluded from it. */
  strangeAnswer(attempt: BackendAttempt<Operation>, why: string): KanneryError {
    const message = `not an answer of ${this.#provider}: ${attempt.place}`
    return new KanneryError('STORAGE_UNSUPPORTED', message, { why, facts: this.facts(attempt) })
  }

  noObjectLock(
    attempt: BackendAttempt<Operation>,
    details: Pick<ErrorDetails, 'why' | 'remedy'>,
  ): KanneryError {
    return new KanneryError('STORAGE_UNSUPPORTED', `objects cannot be locked: ${attempt.place}`, {
      ...details,
      facts: this.facts(attempt),
    })
  }

  noCredentials(cause: Error, attempt: BackendAttempt<Operation>, remedy: string): KanneryError {
    return new KanneryError('STORAGE_UNAUTHENTICATED', `no credentials for ${attempt.place}`, {
      cause: withoutRequest(cause),
      why: cause.message.split('\n')[0] ?? '',
      remedy,
      facts: this.facts(attempt),
    })
  }

  /** Returns undefined for an error that does not explain why there was no answer. */
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

/** Node.js refused to send a header; nothing was sent. */
function isInvalidHeader(error: Error): boolean {
  return [...withCauses(error)].some((one) => 'code' in one && one.code === 'ERR_INVALID_CHAR')
}
