import type { S3ServiceException } from '@aws-sdk/client-s3'
import {
  type BackendAttempt,
  BackendErrors,
  type CallOptions,
  type ErrorMeaning,
  KanneryError,
  type Retry,
  retryAfterMs,
  withoutRequest,
} from '@kannery/storage'
import { type Operation, permissions } from './permissions.ts'

/** What was being done when S3 answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Those that have nothing of S3 in them. */
export const errors: BackendErrors = new BackendErrors('s3', 'S3')

const denied: ErrorMeaning = { code: 'STORAGE_DENIED', says: 'no permission' }
const unauthenticated: ErrorMeaning = {
  code: 'STORAGE_UNAUTHENTICATED',
  says: 'the storage does not accept these credentials',
}
const expired: ErrorMeaning = {
  ...unauthenticated,
  why: 'the session token has expired',
  remedy: 'Get a new session token, or let kannery use a role that renews it.',
}
const clockSkew: ErrorMeaning = {
  ...unauthenticated,
  why: "this machine's clock and the storage's differ by more than S3 allows (15 minutes)",
  remedy: "Set this machine's clock, for example by NTP.",
}
const busy: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'the storage cannot answer now',
  retry: 'same-request',
}
const throttled: ErrorMeaning = {
  code: 'STORAGE_THROTTLED',
  says: 'the storage asks for fewer requests',
  retry: 'same-request',
}
const damagedOnTheWay: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'the request was damaged on its way, and not stored',
  retry: 'same-request',
}
const elsewhere: ErrorMeaning = {
  code: 'CONFIG_INVALID',
  says: 'the bucket lies in another region',
}
const noBucket: ErrorMeaning = { code: 'STORAGE_CONTAINER_NOT_FOUND', says: 'no such bucket' }
const full: ErrorMeaning = { code: 'STORAGE_FULL', says: 'no space left in the storage' }
const unsupported: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  says: 'the storage cannot do what a backup needs',
}
const refusedSettings: ErrorMeaning = {
  code: 'CONFIG_INVALID',
  says: 'the storage refuses this configuration',
  remedy: 'Correct what the storage names under why.',
}
/** Swept away, or given back by somebody else. */
const uploadGone: ErrorMeaning = {
  code: 'STORAGE_REWRITE_NEEDED',
  says: 'nothing was stored',
  retry: 'after-refresh',
  why: 'its unfinished upload was removed while it was written',
}
const conflict: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'another write of the same object is under way',
  retry: 'same-request',
}

/**
 * By S3's error code.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  NoSuchBucket: noBucket,
  NoSuchKey: { code: 'STORAGE_NOT_FOUND', says: 'no such object' },
  InvalidRange: { code: 'STORAGE_RANGE', says: 'no such byte range' },
  NoSuchUpload: uploadGone,
  InvalidPart: uploadGone,

  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  UserSuspended: denied,
  'KMS.DisabledException': {
    ...denied,
    remedy: 'Enable the KMS key of the bucket, or configure another one.',
  },
  'KMS.NotFoundException': {
    ...denied,
    remedy: 'Correct kmsKeyId, or let this identity use that key.',
  },
  'KMS.InvalidStateException': {
    ...denied,
    remedy: 'Bring the KMS key into the state "Enabled", or configure another one.',
  },
  InvalidObjectState: {
    code: 'STORAGE_UNAVAILABLE',
    says: 'the object lies in an archive',
    remedy: 'Restore it from its archive class first, and keep lifecycle rules away from backups.',
  },

  InvalidAccessKeyId: unauthenticated,
  SignatureDoesNotMatch: unauthenticated,
  InvalidToken: unauthenticated,
  InvalidSecurity: unauthenticated,
  MissingSecurityHeader: unauthenticated,
  NotSignedUp: unauthenticated,
  // versitygw
  XAdminUserNotFound: unauthenticated,
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  // The SDK's chain asks STS for credentials, whose errors come out here too.
  // https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
  ExpiredTokenException: expired,
  InvalidClientTokenId: unauthenticated,
  InvalidIdentityToken: unauthenticated,
  RequestTimeTooSkewed: clockSkew,
  RequestExpired: clockSkew,

  PermanentRedirect: elsewhere,
  TemporaryRedirect: busy,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  InvalidBucketName: refusedSettings,
  InvalidStorageClass: refusedSettings,
  InvalidEncryptionAlgorithmError: refusedSettings,
  ObjectLockConfigurationNotFoundError: refusedSettings,
  KeyTooLongError: { ...unsupported, says: 'prefix and key together are too long' },
  EntityTooLarge: { ...unsupported, says: 'the object is too large for the storage' },
  NotImplemented: unsupported,
  MethodNotAllowed: unsupported,

  // Another conditional write of this key is still under way: nothing was stored.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response
  ConditionalRequestConflict: conflict,
  OperationAborted: conflict,

  SlowDown: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  RequestLimitExceeded: throttled,
  TooManyRequests: throttled,
  BandwidthLimitExceeded: throttled,
  ServiceUnavailable: busy,
  InternalError: busy,
  RequestTimeout: busy,
  BadDigest: damagedOnTheWay,
  IncompleteBody: damagedOnTheWay,
  XAmzContentSHA256Mismatch: damagedOnTheWay,
  XAmzContentChecksumMismatch: damagedOnTheWay,
  // Ceph, MinIO and others that sit on disks of their own.
  QuotaExceeded: full,
  XMinioStorageFull: full,
  XMinioAdminBucketQuotaExceeded: full,
}

/**
 * Where S3 names no code that we know. 404 is not among them: only NoSuchKey proves that there is
 * no object.
 */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  301: elsewhere,
  307: busy,
  400: refusedSettings,
  401: unauthenticated,
  403: denied,
  405: unsupported,
  408: busy,
  409: conflict,
  411: unsupported,
  412: { code: 'STORAGE_PRECONDITION_FAILED', says: 'changed meanwhile', retry: 'after-refresh' },
  416: { code: 'STORAGE_RANGE', says: 'no such byte range' },
  429: throttled,
  501: unsupported,
  507: full,
}

const credentialsRemedy =
  'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role.'

/**
 * The one place where an error of the SDK becomes one of Kannery. Those that are one already pass
 * unchanged; an aborted call rejects with its signal's reason.
 */
export function s3Error(error: unknown, attempt: Attempt, { signal }: CallOptions = {}): unknown {
  if (signal?.aborted) return signal.reason
  if (KanneryError.is(error) || !(error instanceof Error)) return error
  if (isAnswer(error)) return answered(error, attempt)
  const unreachable = errors.unreachable(error, attempt)
  if (unreachable !== undefined) return unreachable
  if (error.name.endsWith('ProviderError')) {
    return errors.noCredentials(error, attempt, credentialsRemedy)
  }
  return error
}

export function tooManyParts(attempt: Attempt): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `too large for the storage: ${attempt.place}`, {
    why: 'S3 takes 10,000 parts',
    remedy: 'Let segments end earlier, or allow more memory for writing: parts are then larger.',
    facts: errors.facts(attempt),
  })
}

export function noRegion(config: { readonly bucket: string }): KanneryError {
  return new KanneryError('CONFIG_INVALID', `in which region is the bucket "${config.bucket}"?`, {
    remedy: 'Add ?region=… to the URL, or set AWS_REGION.',
  })
}

/** One of the errors in an answer that is none itself. */
export function deletionError(
  error: { readonly Code?: string | undefined; readonly Message?: string | undefined },
  attempt: Attempt,
): KanneryError {
  const { Code: name = 'InternalError', Message: message = '' } = error
  const meaning = meanings[name] ?? busy
  return new KanneryError(meaning.code, `${meaning.says}: ${attempt.place}`, {
    why: meaning.why ?? `S3 answered ${name}${message ? `: ${message}` : ''}`,
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
    ...remedyOf(meaning, attempt),
    facts: { ...errors.facts(attempt), providerCode: name },
  })
}

/** S3's own word for what happened. */
export function isAnswer(error: unknown, ...codes: readonly string[]): error is S3ServiceException {
  if (!(error instanceof Error) || !('$metadata' in error)) return false
  const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: unknown }
  return typeof httpStatusCode === 'number' && (codes.length === 0 || codes.includes(error.name))
}

function answered(error: S3ServiceException, attempt: Attempt): KanneryError {
  const { name, message } = error
  const status = error.$metadata.httpStatusCode ?? 0
  const meaning = inContext(name, attempt) ?? meanings[name] ?? byStatus(status)
  return new KanneryError(meaning.code, `${meaning.says}: ${attempt.place}`, {
    cause: withoutRequest(error),
    why: meaning.why ?? `S3 answered ${status} ${name}${message ? `: ${message}` : ''}`,
    ...retryOf(meaning, error),
    ...remedyOf(meaning, attempt, error),
    facts: {
      ...errors.facts(attempt),
      status,
      providerCode: name,
      requestId: error.$metadata.requestId,
      retryAfterMs: waitOf(error),
    },
  })
}

/** What S3's word means depends on what was asked. */
function inContext(name: string, { operation, condition }: Attempt): ErrorMeaning | undefined {
  switch (name) {
    case 'PreconditionFailed':
      if (condition !== 'if-absent') return meaningsByStatus[412]
      return { code: 'STORAGE_ALREADY_EXISTS', says: 'already there', retry: 'after-refresh' }
    // If-Match on a key that is not there.
    case 'NoSuchKey':
      return condition === 'if-version' ? meaningsByStatus[412] : undefined
    // Of a streamed object S3 wants all parts again, in a new upload.
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    case 'ConditionalRequestConflict':
    case 'OperationAborted':
      if (operation !== 'completeUpload' && operation !== 'openWriter') return undefined
      return { code: 'STORAGE_REWRITE_NEEDED', says: 'nothing was stored', retry: 'after-refresh' }
    default:
      return undefined
  }
}

function byStatus(status: number): ErrorMeaning {
  const known = meaningsByStatus[status]
  if (known !== undefined) return known
  // An error in a good answer: it broke off, and could not be read.
  return status >= 500 || status === 404 || status < 300 ? busy : unsupported
}

/**
 * The SDK has learnt the storage's time from this very answer: the next request will have it right.
 */
function retryOf(meaning: ErrorMeaning, error: S3ServiceException): { readonly retry?: Retry } {
  const { clockSkewCorrected } = error.$metadata as { readonly clockSkewCorrected?: boolean }
  if (meaning === clockSkew && clockSkewCorrected === true) return { retry: 'same-request' }
  return meaning.retry === undefined ? {} : { retry: meaning.retry }
}

function remedyOf(
  meaning: ErrorMeaning,
  attempt: Attempt,
  error?: S3ServiceException,
): { readonly remedy?: string } {
  if (meaning.remedy !== undefined) return { remedy: meaning.remedy }
  if (meaning.code === 'STORAGE_DENIED') {
    return { remedy: `Give this identity ${permissions[attempt.operation]}.` }
  }
  if (meaning === elsewhere) return { remedy: `Add ?region=${regionOf(error) ?? '…'} to the URL.` }
  return {}
}

function regionOf(error: S3ServiceException | undefined): string | undefined {
  const { Region } = (error ?? {}) as { readonly Region?: unknown }
  return typeof Region === 'string' ? Region : error?.$response?.headers['x-amz-bucket-region']
}

function waitOf(error: S3ServiceException): number | undefined {
  const { 'retry-after': header, date } = error.$response?.headers ?? {}
  return retryAfterMs(header, Date.parse(date ?? ''))
}
