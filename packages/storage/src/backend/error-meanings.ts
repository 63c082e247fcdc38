import type { WriteCondition } from '../backend.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { Retry } from '../errors/kannery-error.ts'

/** What a provider's code or status of an error means. */
export interface ErrorMeaning {
  readonly code: ErrorCode
  /** What happened, in a few words, which a colon and the location of the object follow. */
  readonly message: string
  /** What a caller may do after the error. Defaults to `never`. */
  readonly retry?: Retry | undefined
  /** Reason, in one sentence. Defaults to what the provider answered, if it did. */
  readonly why?: string | undefined
  /**
   * What to do. Defaults to the permission that the operation needs for STORAGE_DENIED, and to the
   * remedy of the code otherwise.
   */
  readonly remedy?: string | undefined
}

/** Meanings that errors of every provider can have. A backend maps the provider's codes to them. */
export interface CommonMeanings {
  /** STORAGE_NOT_FOUND: there is no such object. */
  readonly notFound: ErrorMeaning
  /** STORAGE_RANGE: the object does not have the range that was asked for. */
  readonly outsideRange: ErrorMeaning
  /** STORAGE_ALREADY_EXISTS: the condition `if-absent` did not hold. Retry: `after-refresh`. */
  readonly alreadyExists: ErrorMeaning
  /**
   * STORAGE_PRECONDITION_FAILED: the object does not have the version that was named. Retry:
   * `after-refresh`.
   */
  readonly changed: ErrorMeaning
  /**
   * STORAGE_REWRITE_NEEDED: the parts of a streamed object are lost, so that it has to be written
   * again. Retry: `after-refresh`.
   */
  readonly rewriteNeeded: ErrorMeaning
  /**
   * STORAGE_DENIED: the identity is known and may not do this. The remedy is the permission that it
   * needs.
   */
  readonly denied: ErrorMeaning
  /** STORAGE_UNAUTHENTICATED: the credentials are wrong or out of date. */
  readonly unauthenticated: ErrorMeaning
  /** CONFIG_INVALID: the provider rejects a setting of the storage. */
  readonly refusedSettings: ErrorMeaning
  /**
   * STORAGE_UNAVAILABLE: the provider failed, and may succeed at once or a little later. Retry:
   * `same-request`.
   */
  readonly busy: ErrorMeaning
  /** STORAGE_THROTTLED: the provider asks for fewer requests. Retry: `same-request`. */
  readonly throttled: ErrorMeaning
  /**
   * STORAGE_UNAVAILABLE: the bytes that arrived are not those that were sent, and the provider
   * stored nothing. Retry: `same-request`.
   */
  readonly damaged: ErrorMeaning
  /** STORAGE_UNSUPPORTED: the storage cannot do what was asked. */
  readonly unsupported: ErrorMeaning
  /** STORAGE_UNSUPPORTED: the object is larger than the storage allows. */
  readonly tooLarge: ErrorMeaning
}

const unsupported: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  message: 'the storage cannot do what a backup needs',
}
const busy: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  message: 'the storage cannot answer now',
  retry: 'same-request',
}

/** The common meanings, with the same codes, messages and retries for all providers. */
export const commonMeanings: CommonMeanings = {
  notFound: { code: 'STORAGE_NOT_FOUND', message: 'no such object' },
  outsideRange: { code: 'STORAGE_RANGE', message: 'no such byte range' },
  alreadyExists: {
    code: 'STORAGE_ALREADY_EXISTS',
    message: 'already exists',
    retry: 'after-refresh',
  },
  changed: {
    code: 'STORAGE_PRECONDITION_FAILED',
    message: 'changed in the meantime',
    retry: 'after-refresh',
  },
  rewriteNeeded: {
    code: 'STORAGE_REWRITE_NEEDED',
    message: 'nothing was stored',
    retry: 'after-refresh',
  },
  denied: { code: 'STORAGE_DENIED', message: 'no permission' },
  unauthenticated: {
    code: 'STORAGE_UNAUTHENTICATED',
    message: 'the storage does not accept these credentials',
  },
  refusedSettings: {
    code: 'CONFIG_INVALID',
    message: 'the storage rejects this configuration',
    remedy: 'Correct the setting that the storage names.',
  },
  busy,
  throttled: {
    code: 'STORAGE_THROTTLED',
    message: 'the storage asks for fewer requests',
    retry: 'same-request',
  },
  damaged: {
    ...busy,
    message: 'the request was damaged on its way, and not stored',
  },
  unsupported,
  tooLarge: { ...unsupported, message: 'the object is too large for the storage' },
}

const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  400: commonMeanings.refusedSettings,
  401: commonMeanings.unauthenticated,
  403: commonMeanings.denied,
  // Only the provider's own code proves that there is no object: a proxy answers 404, too.
  404: busy,
  408: busy,
  412: commonMeanings.changed,
  413: commonMeanings.tooLarge,
  416: commonMeanings.outsideRange,
  429: commonMeanings.throttled,
}

/**
 * Returns what an HTTP status means in an answer without a provider's code that is known. 404 means
 * `busy`, because only the provider's own code proves that there is no object: a proxy answers 404,
 * too. A status that is not known means `busy` from 500 on and below 300, and `unsupported`
 * otherwise.
 *
 * @param own meanings of the provider by status, which come before the common ones
 */
export function meaningOfStatus(
  status: number,
  own: Readonly<Record<number, ErrorMeaning>>,
): ErrorMeaning {
  const known = own[status] ?? meaningsByStatus[status]
  if (known !== undefined) return known
  // An error in a successful answer: it broke off, and could not be read.
  return status >= 500 || status < 300 ? busy : unsupported
}

/**
 * Returns what it means that the condition of a request did not hold: `alreadyExists` for
 * `if-absent`, and `changed` for every other one. HTTP has one status for both, 412.
 */
export function meaningOfFailedCondition(
  condition: WriteCondition['kind'] | undefined,
): ErrorMeaning {
  return condition === 'if-absent' ? commonMeanings.alreadyExists : commonMeanings.changed
}
