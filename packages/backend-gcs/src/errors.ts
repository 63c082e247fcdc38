import { type CallOptions, KanneryError } from '@kannery/storage'
import {
  type BackendAttempt,
  BackendErrors,
  commonMeanings,
  type ErrorMeaning,
  meaningOfFailedCondition,
  meaningOfStatus,
} from '@kannery/storage/backend'
import { isAboutToken, type Refusal } from './answer.ts'
import { type Operation, permissions } from './permissions.ts'

/** The operation to which Google answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Makes the errors that all backends have, with the words of Google. */
export const errors: BackendErrors<Operation> = new BackendErrors({
  type: 'gcs',
  provider: 'Google',
  permissions,
})

const { busy, denied } = commonMeanings

const throttled: ErrorMeaning = {
  ...commonMeanings.throttled,
  message: 'the storage asks for fewer requests, or fewer writes of one object',
}
const kept: ErrorMeaning = {
  ...denied,
  message: 'a retention policy or a hold forbids it',
  remedy: 'Use a bucket without retention policy and holds: a backup rewrites its index.',
}
const notPaid: ErrorMeaning = {
  ...denied,
  message: 'the project is not in good standing',
  remedy: 'Check billing and the state of the project that owns the bucket.',
}
/** Sessions end after a week, and when they are cancelled. */
const uploadGone: ErrorMeaning = {
  ...commonMeanings.rewriteNeeded,
  why: 'its upload session has ended',
}
const noBucket: ErrorMeaning = { code: 'STORAGE_CONTAINER_NOT_FOUND', message: 'no such bucket' }
/** The object exists with another checksum than that of what was sent, and must not be used. */
const damagedObject: ErrorMeaning = {
  ...commonMeanings.rewriteNeeded,
  message: 'stored with other bytes',
  why: 'its checksum is not that of what was sent',
}

/**
 * By the reason in Google's answer, where the status alone is not enough.
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes
 */
const meaningsByReason: Readonly<Record<string, ErrorMeaning>> = {
  // 403
  rateLimitExceeded: throttled,
  userRateLimitExceeded: throttled,
  quotaExceeded: throttled,
  retentionPolicyNotMet: kept,
  objectUnderActiveHold: kept,
  accountDisabled: notPaid,
  userProjectAccountProblem: notPaid,
  // 400: what was sent is not what arrived.
  checksumMismatch: commonMeanings.damaged,
}

/** Statuses that mean something else than in other stores. For 404 see {@link NotFound}. */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  409: { ...busy, message: 'another request is changing the same object' },
  410: uploadGone,
  429: throttled,
}

/** A 404: either the object or its bucket does not exist. The caller determines which. */
export class NotFound extends Error {
  override readonly name: string = 'NotFound'
}

/** Returns the error that an answer stands for: a {@link NotFound}, or one of Kannery. */
export function answered({ status, body, header }: Refusal, attempt: Attempt): Error {
  if (status === 404 && !isUpload(attempt)) return new NotFound(attempt.place)
  const { reason, message } = readFailure(body)
  const meaning =
    inContext(status, attempt) ??
    meaningsByReason[reason ?? ''] ??
    meaningOfStatus(status, meaningsByStatus)
  return errors.answered(meaning, attempt, {
    status,
    providerCode: reason,
    message,
    requestId: header('x-guploader-uploadid'),
    header,
  })
}

export function containerNotFound(attempt: Attempt): KanneryError {
  return errors.concluded(noBucket, attempt)
}

export function preconditionFailed(attempt: Attempt): KanneryError {
  return errors.concluded(commonMeanings.changed, attempt)
}

export function storedDamaged(attempt: Attempt): KanneryError {
  return errors.concluded(damagedObject, attempt)
}

const credentialsRemedy =
  "Set GOOGLE_APPLICATION_CREDENTIALS, run with a service account, or give serviceAccountKey. If Google says invalid_grant, set this machine's clock."

/**
 * Turns an error that is no answer into one of Kannery; errors of Kannery and defects pass
 * unchanged. An aborted call rejects with the reason of its signal.
 */
export function gcsError(error: unknown, attempt: Attempt, { signal }: CallOptions = {}): unknown {
  if (signal?.aborted) return signal.reason
  if (KanneryError.is(error) || !(error instanceof Error)) return error
  const unreachable = errors.unreachable(error, attempt)
  if (unreachable !== undefined) return unreachable
  if (!isAboutCredentials(error)) return error
  return errors.noCredentials(error, attempt, credentialsRemedy)
}

/** Returns what a status means for this operation, if it differs from other operations. */
function inContext(status: number, { operation, condition }: Attempt): ErrorMeaning | undefined {
  if (status === 412) return meaningOfFailedCondition(condition)
  if (status !== 404) return undefined
  // To create an object the bucket is missing; to continue an upload its session is.
  return operation === 'put' || operation === 'openWriter' ? noBucket : uploadGone
}

function isUpload({ operation }: Attempt): boolean {
  return ['put', 'openWriter', 'sendPart', 'finishUpload'].includes(operation)
}

interface Failure {
  readonly reason: string | undefined
  readonly message: string
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes#http-status-and-error-codes */
function readFailure(body: string): Failure {
  try {
    const { error } = JSON.parse(body) as {
      error: { message?: string; errors?: { reason?: string }[] }
    }
    return { reason: error.errors?.[0]?.reason, message: error.message ?? '' }
  } catch {
    // A proxy, or the part of Google that takes uploads: plain text or HTML.
    return { reason: undefined, message: /^\s*</.test(body) ? '' : body.slice(0, 200).trim() }
  }
}

/** google-auth-library has no class for it. */
function isAboutCredentials(error: Error): boolean {
  return (
    isAboutToken(error) ||
    /default credentials|invalid_grant|refresh access token|private key|PEM|DECODER/i.test(
      error.message,
    )
  )
}
