import type { WriteCondition } from '../backend.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { Retry } from '../errors/kannery-error.ts'

/** What a provider's word for an error means. */
export interface ErrorMeaning {
  readonly code: ErrorCode
  /** What happened, in a few words. The location of the object follows it. */
  readonly message: string
  /** Defaults to `never`. */
  readonly retry?: Retry | undefined
  /** Defaults to what the provider answered. */
  readonly why?: string | undefined
  readonly remedy?: string | undefined
}

/** Meanings that every provider has a word for. */
export interface CommonMeanings {
  readonly notFound: ErrorMeaning
  readonly outsideRange: ErrorMeaning
  /** A condition `if-absent` did not hold. */
  readonly alreadyExists: ErrorMeaning
  /** A condition `if-version` did not hold. */
  readonly changed: ErrorMeaning
  /** The parts of a streamed object are lost, so that it has to be written again. */
  readonly rewriteNeeded: ErrorMeaning
  /** The identity is known and may not do this. Its remedy is the permission that it needs. */
  readonly denied: ErrorMeaning
  /** The credentials are wrong or out of date. */
  readonly unauthenticated: ErrorMeaning
  /** The provider rejects a setting of the storage. */
  readonly refusedSettings: ErrorMeaning
  /** The provider failed, and may succeed at once or a little later. */
  readonly busy: ErrorMeaning
  readonly throttled: ErrorMeaning
  /** The bytes that arrived are not those that were sent; the provider stored nothing. */
  readonly damaged: ErrorMeaning
  readonly unsupported: ErrorMeaning
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

/** The common meanings in the same words for all providers. */
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
 * Returns what an HTTP status means where the provider names no code that is known.
 *
 * @param own meanings of the provider, which come before the common ones
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

/** Returns what a condition that did not hold means: which of the two depends on what was asked. */
export function meaningOfFailedCondition(
  condition: WriteCondition['kind'] | undefined,
): ErrorMeaning {
  return condition === 'if-absent' ? commonMeanings.alreadyExists : commonMeanings.changed
}
