import type { WriteCondition } from '../backend.ts'
import {
  type ErrorCode,
  type ErrorFacts,
  KanneryError,
  type Retry,
} from '../errors/kannery-error.ts'
import { networkFailure, withCauses, withoutRequest } from './http-failure.ts'

/** What a backend was doing when something went wrong. */
export interface BackendAttempt<Operation extends string = string> {
  readonly operation: Operation
  /** As the caller named it. */
  readonly key?: string
  /** The key's location, for people. */
  readonly place: string
  readonly condition?: WriteCondition['kind'] | undefined
}

/** What a provider's word for an error means. */
export interface ErrorMeaning {
  readonly code: ErrorCode
  readonly says: string
  readonly retry?: Retry
  readonly why?: string
  readonly remedy?: string
}

/** Words the errors that backends over HTTP have in common, with the facts of the attempt. */
export class BackendErrors {
  readonly #type: string
  readonly #provider: string

  /** @param type the plugin's, for programs. @param provider for people */
  constructor(type: string, provider: string) {
    this.#type = type
    this.#provider = provider
  }

  facts({ operation, key }: BackendAttempt): ErrorFacts {
    return { backend: this.#type, operation, key }
  }

  notFound(attempt: BackendAttempt): KanneryError {
    return new KanneryError('STORAGE_NOT_FOUND', `no such object: ${attempt.place}`, {
      facts: this.facts(attempt),
    })
  }

  outsideRange(attempt: BackendAttempt, size: number): KanneryError {
    return new KanneryError('STORAGE_RANGE', `no such byte range: ${attempt.place}`, {
      why: `it has ${size} bytes`,
      facts: { ...this.facts(attempt), size },
    })
  }

  /** A body that ended too early. */
  cutOff(attempt: BackendAttempt, missing: number): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `cut off while it was read: ${attempt.place}`, {
      retry: 'same-request',
      why: `${missing} bytes are missing`,
      facts: this.facts(attempt),
    })
  }

  /** Another answer that ended too early. */
  brokenOff(attempt: BackendAttempt, cause: unknown): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `the answer broke off: ${attempt.place}`, {
      cause: cause instanceof Error ? withoutRequest(cause) : cause,
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /** A request that was given up because its answer did not come. */
  unanswered(attempt: BackendAttempt): KanneryError {
    return new KanneryError('STORAGE_UNAVAILABLE', `no answer in time: ${attempt.place}`, {
      retry: 'same-request',
      facts: this.facts(attempt),
    })
  }

  /** An answer that the provider never gives, so that nothing can be concluded from it. */
  strangeAnswer(attempt: BackendAttempt, what: string): KanneryError {
    const message = `not an answer of ${this.#provider}: ${attempt.place}`
    return new KanneryError('STORAGE_UNSUPPORTED', message, {
      why: what,
      facts: this.facts(attempt),
    })
  }

  noObjectLock(
    attempt: BackendAttempt,
    told: { readonly why?: string; readonly remedy?: string },
  ): KanneryError {
    return new KanneryError('STORAGE_UNSUPPORTED', `objects cannot be locked: ${attempt.place}`, {
      ...told,
      facts: this.facts(attempt),
    })
  }

  noCredentials(cause: Error, attempt: BackendAttempt, remedy: string): KanneryError {
    return new KanneryError('STORAGE_UNAUTHENTICATED', `no credentials for ${attempt.place}`, {
      cause: withoutRequest(cause),
      why: cause.message.split('\n')[0] ?? '',
      remedy,
      facts: this.facts(attempt),
    })
  }

  /** undefined for an error that does not say why there was no answer. */
  unreachable(error: Error, attempt: BackendAttempt): KanneryError | undefined {
    if (isInvalidHeader(error)) return this.#unusableSetting(error, attempt)
    const failure = networkFailure(error)
    if (failure === undefined) return undefined
    const { why, retry, remedy, status, sent } = failure
    return new KanneryError('STORAGE_UNAVAILABLE', `cannot reach the storage: ${attempt.place}`, {
      cause: withoutRequest(error),
      why,
      retry,
      ...(remedy === undefined ? {} : { remedy }),
      facts: { ...this.facts(attempt), status, sent },
    })
  }

  #unusableSetting(error: Error, attempt: BackendAttempt): KanneryError {
    const message = `a credential or setting cannot be sent: ${attempt.place}`
    return new KanneryError('CONFIG_INVALID', message, {
      cause: withoutRequest(error),
      why: 'it has a character that no HTTP header may have, such as a line end',
      remedy:
        'Correct the key id or token; a secret that was made with "echo" ends with a line end ("echo -n" and "printf %s" do not).',
      facts: this.facts(attempt),
    })
  }
}

/** Node.js refused to send a header; nothing was sent. */
function isInvalidHeader(error: Error): boolean {
  return [...withCauses(error)].some((one) => 'code' in one && one.code === 'ERR_INVALID_CHAR')
}
