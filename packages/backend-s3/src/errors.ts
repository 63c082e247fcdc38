import type { S3ServiceException } from '@aws-sdk/client-s3'
import { type CallOptions, KanneryError } from '@kannery/storage'
import {
  type BackendAttempt,
  BackendErrors,
  commonMeanings,
  type ErrorMeaning,
  meaningOfFailedCondition,
  meaningOfStatus,
} from '@kannery/storage/backend'
import { type Operation, permissions } from './permissions.ts'

/** The operation to which S3 answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Makes the errors that all backends have, with the words of S3. */
export const errors: BackendErrors<Operation> = new BackendErrors({
  type: 's3',
  provider: 'S3',
  permissions,
})

const { busy, damaged, denied, refusedSettings, throttled, unauthenticated, unsupported } =
  commonMeanings

const expired: ErrorMeaning = {
  ...unauthenticated,
  why: 'the session token has expired',
  remedy: 'Get a new session token, or use a role that renews it.',
}
const clockSkew: ErrorMeaning = {
  ...unauthenticated,
  why: "this machine's clock and the storage's differ by more than S3 allows (15 minutes)",
  remedy: "Set this machine's clock, for example by NTP.",
}
const elsewhere: ErrorMeaning = {
  code: 'CONFIG_INVALID',
  message: 'the bucket is in another region',
  remedy: 'Add ?region=… to the URL.',
}
const noBucket: ErrorMeaning = { code: 'STORAGE_CONTAINER_NOT_FOUND', message: 'no such bucket' }
const full: ErrorMeaning = { code: 'STORAGE_FULL', message: 'no space left in the storage' }
/** The upload was swept, or aborted by another program. */
const uploadGone: ErrorMeaning = {
  ...commonMeanings.rewriteNeeded,
  why: 'its unfinished upload was removed while it was written',
}
const conflict: ErrorMeaning = { ...busy, message: 'another write of the same object is under way' }

/**
 * By S3's error code.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  NoSuchBucket: noBucket,
  NoSuchKey: commonMeanings.notFound,
  InvalidRange: commonMeanings.outsideRange,
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
    message: 'the object lies in an archive',
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
  KeyTooLongError: { ...unsupported, message: 'prefix and key together are too long' },
  EntityTooLarge: commonMeanings.tooLarge,
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
  BadDigest: damaged,
  IncompleteBody: damaged,
  XAmzContentSHA256Mismatch: damaged,
  XAmzContentChecksumMismatch: damaged,
  // Ceph, MinIO and others with disks of their own.
  QuotaExceeded: full,
  XMinioStorageFull: full,
  XMinioAdminBucketQuotaExceeded: full,
}

/** Used if S3 names no known code: statuses that mean something else than in other stores. */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  301: elsewhere,
  307: busy,
  409: conflict,
  501: unsupported,
  507: full,
}

const credentialsRemedy =
  'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role.'

/**
 * Turns an error of the SDK into one of Kannery; errors of Kannery and defects pass unchanged. An
 * aborted call rejects with the reason of its signal.
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
  return errors.concluded(
    {
      ...commonMeanings.tooLarge,
      why: 'S3 takes at most 10,000 parts',
      remedy: 'Let segments end earlier, or allow more memory for writing: parts are then larger.',
    },
    attempt,
  )
}

export function noRegion(config: { readonly bucket: string }): KanneryError {
  return new KanneryError('CONFIG_INVALID', `in which region is the bucket "${config.bucket}"?`, {
    remedy: 'Add ?region=… to the URL, or set AWS_REGION.',
  })
}

/** Turns one of the errors in an answer that is a success as a whole into one of Kannery. */
export function deletionError(
  error: { readonly Code?: string | undefined; readonly Message?: string | undefined },
  attempt: Attempt,
): KanneryError {
  const { Code: providerCode = 'InternalError', Message: message } = error
  return errors.answered(meanings[providerCode] ?? busy, attempt, { providerCode, message })
}

/** Whether an error is an answer of S3, with one of `codes` if any are given. */
export function isAnswer(error: unknown, ...codes: readonly string[]): error is S3ServiceException {
  if (!(error instanceof Error) || !('$metadata' in error)) return false
  const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: unknown }
  return typeof httpStatusCode === 'number' && (codes.length === 0 || codes.includes(error.name))
}

function answered(error: S3ServiceException, attempt: Attempt): KanneryError {
  const { httpStatusCode: status = 0, requestId } = error.$metadata
  return errors.answered(meaningOf(error, status, attempt), attempt, {
    status,
    providerCode: error.name,
    message: error.message,
    requestId,
    header: (name) => error.$response?.headers[name],
    cause: error,
  })
}

function meaningOf(error: S3ServiceException, status: number, attempt: Attempt): ErrorMeaning {
  const { name } = error
  const meaning =
    inContext(name, attempt) ?? meanings[name] ?? meaningOfStatus(status, meaningsByStatus)
  const region = regionOf(error)
  if (meaning === elsewhere && region !== undefined) {
    return { ...elsewhere, remedy: `Add ?region=${region} to the URL.` }
  }
  // The SDK has learnt the storage's time from this very answer: the next request will be right.
  const { clockSkewCorrected } = error.$metadata as { readonly clockSkewCorrected?: boolean }
  if (meaning === clockSkew && clockSkewCorrected === true) {
    return { ...clockSkew, retry: 'same-request' }
  }
  return meaning
}

/** Returns what S3's code means for this operation, if it differs from {@link meanings}. */
function inContext(name: string, { operation, condition }: Attempt): ErrorMeaning | undefined {
  switch (name) {
    case 'PreconditionFailed':
      return meaningOfFailedCondition(condition)
    // If-Match on a key that does not exist.
    case 'NoSuchKey':
      return condition === 'if-version' ? commonMeanings.changed : undefined
    // For a streamed object S3 wants all parts again, in a new upload.
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    case 'ConditionalRequestConflict':
    case 'OperationAborted':
      if (operation !== 'completeUpload' && operation !== 'openWriter') return undefined
      return commonMeanings.rewriteNeeded
    default:
      return undefined
  }
}

function regionOf(error: S3ServiceException): string | undefined {
  const { Region } = error as { readonly Region?: unknown }
  return typeof Region === 'string' ? Region : error.$response?.headers['x-amz-bucket-region']
}
