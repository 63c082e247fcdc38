import type { RestError } from '@azure/storage-blob'
import {
  type BackendAttempt,
  BackendErrors,
  type CallOptions,
  type ErrorMeaning,
  KanneryError,
  retryAfterMs,
  withoutRequest,
} from '@kannery/storage'
import { type Operation, permissions } from './permissions.ts'

/** What was being done when Azure answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Those that have nothing of Azure in them. */
export const errors: BackendErrors = new BackendErrors('azure', 'Azure')

const denied: ErrorMeaning = { code: 'STORAGE_DENIED', says: 'no permission' }
const unauthenticated: ErrorMeaning = {
  code: 'STORAGE_UNAUTHENTICATED',
  says: 'the storage does not accept these credentials',
}
const noContainer: ErrorMeaning = { code: 'STORAGE_CONTAINER_NOT_FOUND', says: 'no such container' }
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
const alreadyExists: ErrorMeaning = {
  code: 'STORAGE_ALREADY_EXISTS',
  says: 'already there',
  retry: 'after-refresh',
}
const changed: ErrorMeaning = {
  code: 'STORAGE_PRECONDITION_FAILED',
  says: 'changed meanwhile',
  retry: 'after-refresh',
}
/**
 * Committed or overwritten by another writer of the name, swept away, or thrown away by Azure after
 * a week.
 */
const blocksGone: ErrorMeaning = {
  code: 'STORAGE_REWRITE_NEEDED',
  says: 'nothing was stored',
  retry: 'after-refresh',
  why: 'its uncommitted blocks were removed while it was written',
}
const unsupported: ErrorMeaning = {
  code: 'STORAGE_UNSUPPORTED',
  says: 'the storage cannot do what a backup needs',
}
const archived: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  says: 'the object lies in the archive tier',
  remedy: 'Rehydrate it first, and keep lifecycle rules away from backups.',
}
const immutable: ErrorMeaning = {
  ...denied,
  says: 'an immutability policy forbids it',
  remedy: 'Use a container without an immutability policy: a backup rewrites its index.',
}
const refusedSettings: ErrorMeaning = {
  code: 'CONFIG_INVALID',
  says: 'the storage refuses this configuration',
  remedy: 'Correct what the storage names under why.',
}
const leased: ErrorMeaning = {
  ...denied,
  says: 'somebody holds an Azure lease on it',
  remedy: 'Break the lease on the blob named above; Kannery takes none itself.',
}
const outsideRange: ErrorMeaning = { code: 'STORAGE_RANGE', says: 'no such byte range' }

/**
 * By Azure's error code.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes,
 * https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  BlobNotFound: { code: 'STORAGE_NOT_FOUND', says: 'no such object' },
  ContainerNotFound: noContainer,
  ContainerBeingDeleted: noContainer,
  ResourceNotFound: noContainer,
  InvalidRange: outsideRange,

  BlobAlreadyExists: alreadyExists,
  // What a SAS that may only create gets where something is.
  UnauthorizedBlobOverwrite: alreadyExists,
  ConditionNotMet: changed,
  InvalidBlockList: blocksGone,
  InvalidBlobOrBlock: blocksGone,

  // 412 as well, but no condition of ours.
  LeaseIdMissing: leased,
  LeaseIdMismatchWithBlobOperation: leased,
  LeaseLost: leased,
  BlobImmutableDueToPolicy: immutable,
  BlobImmutableDueToLegalHold: immutable,
  BlobArchived: archived,
  BlobBeingRehydrated: archived,
  SnapshotsPresent: {
    ...denied,
    says: 'the object has snapshots, which Kannery did not make',
    remedy: 'Delete the snapshots of the blob named above.',
  },
  InvalidBlobType: { ...unsupported, says: 'a page blob or append blob has that name' },

  AuthenticationFailed: unauthenticated,
  InvalidAuthenticationInfo: unauthenticated,
  NoAuthenticationInformation: unauthenticated,
  KeyBasedAuthenticationNotPermitted: {
    ...unauthenticated,
    remedy: 'This account allows no keys: give no credential, so that an identity is used.',
  },
  // A wrong signature for Azurite; for Azure also a firewall of the account.
  AuthorizationFailure: {
    ...unauthenticated,
    remedy: 'Check the credentials, and whether the networking rules of the account let you in.',
  },
  AuthorizationPermissionMismatch: denied,
  AuthorizationResourceTypeMismatch: denied,
  AuthorizationServiceMismatch: denied,
  AuthorizationProtocolMismatch: denied,
  AuthorizationSourceIPMismatch: denied,
  InsufficientAccountPermissions: denied,
  PublicAccessNotPermitted: denied,
  AccountIsDisabled: denied,
  ContainerDisabled: denied,
  AccountBeingCreated: busy,

  InvalidResourceName: refusedSettings,
  InvalidUri: refusedSettings,
  OutOfRangeInput: refusedSettings,
  BlockCountExceedsLimit: { ...unsupported, says: 'the object is too large for the storage' },
  BlockListTooLong: { ...unsupported, says: 'the object is too large for the storage' },
  RequestBodyTooLarge: { ...unsupported, says: 'the object is too large for the storage' },

  ServerBusy: throttled,
  TooManyRequests: throttled,
  InternalError: busy,
  OperationTimedOut: busy,
  Md5Mismatch: damagedOnTheWay,
  Crc64Mismatch: damagedOnTheWay,
}

/**
 * Where Azure names no code that we know. 404 is not among them: only BlobNotFound proves that
 * there is no object.
 */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  400: refusedSettings,
  401: unauthenticated,
  403: denied,
  404: busy,
  408: busy,
  409: { ...busy, retry: 'after-refresh' },
  412: changed,
  416: outsideRange,
  429: throttled,
}

const credentialsRemedy =
  'Run with a managed or workload identity, run az login, or give accountKey or sasToken.'

/**
 * The one place where an error of the SDK becomes one of Kannery. Those that are one already pass
 * unchanged; an aborted call rejects with its signal's reason.
 */
export function azureError(
  error: unknown,
  attempt: Attempt,
  { signal }: CallOptions = {},
): unknown {
  if (signal?.aborted) return signal.reason
  if (KanneryError.is(error) || !(error instanceof Error)) return error
  if (isAnswer(error)) return answered(error, attempt)
  const unreachable = errors.unreachable(error, attempt)
  if (unreachable !== undefined) return unreachable
  if (isIdentityError(error)) return errors.noCredentials(error, attempt, credentialsRemedy)
  return isBroken(error) ? errors.brokenOff(attempt, error) : error
}

/** Azure's own word for what happened. */
export function isAnswer(error: unknown, ...codes: readonly string[]): error is RestError {
  if (!(error instanceof Error) || error.name !== 'RestError') return false
  const { statusCode } = error as Partial<RestError>
  return (
    typeof statusCode === 'number' &&
    !isBroken(error) &&
    (codes.length === 0 || codes.includes(codeOf(error as RestError) ?? ''))
  )
}

function answered(error: RestError, attempt: Attempt): KanneryError {
  const status = error.statusCode ?? 0
  const name = codeOf(error)
  const meaning = inContext(name, status, attempt) ?? meanings[name ?? ''] ?? byStatus(status)
  const remedy = meaning.remedy ?? permissionRemedy(meaning, attempt)
  return new KanneryError(meaning.code, `${meaning.says}: ${attempt.place}`, {
    cause: withoutRequest(error),
    why: meaning.why ?? `Azure answered ${[status, name].join(' ')}${detailOf(error)}`,
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
    ...(remedy === undefined ? {} : { remedy }),
    facts: {
      ...errors.facts(attempt),
      status,
      providerCode: name,
      requestId: headerOf(error, 'x-ms-request-id'),
      retryAfterMs: waitOf(error),
    },
  })
}

/** What Azure's word means depends on what was asked. */
function inContext(
  name: string | undefined,
  status: number,
  { condition }: Attempt,
): ErrorMeaning | undefined {
  const isCondition = name === 'ConditionNotMet' || (name === undefined && status === 412)
  if (isCondition && condition === 'if-absent') return alreadyExists
  if (name === 'BlobNotFound' && condition === 'if-version') return changed
  return undefined
}

function byStatus(status: number): ErrorMeaning {
  const known = meaningsByStatus[status]
  if (known !== undefined) return known
  return status >= 500 ? busy : unsupported
}

function permissionRemedy(meaning: ErrorMeaning, attempt: Attempt): string | undefined {
  if (meaning !== denied) return undefined
  return `Give this identity ${permissions[attempt.operation]}.`
}

/** From the header: the answer to HEAD has no body. */
function codeOf(error: RestError): string | undefined {
  const { errorCode } = (error.details ?? {}) as { readonly errorCode?: string }
  return errorCode ?? error.code
}

/** What Azure says, without the lines that only repeat the request's id and time. */
function detailOf(error: RestError): string {
  const { authenticationErrorDetail } = (error.details ?? {}) as {
    readonly authenticationErrorDetail?: string
  }
  const text = authenticationErrorDetail ?? error.message.split('\n')[0] ?? ''
  return text === '' ? '' : `: ${text}`
}

function waitOf(error: RestError): number | undefined {
  return retryAfterMs(headerOf(error, 'retry-after'), Date.parse(headerOf(error, 'date') ?? ''))
}

function headerOf(error: RestError, name: string): string | undefined {
  return error.response?.headers.get(name)
}

/** An answer that ended too early: the SDK calls it aborted, or not to be parsed. */
function isBroken(error: Error): boolean {
  return error.name === 'AbortError' || (error as Partial<RestError>).code === 'PARSE_ERROR'
}

function isIdentityError({ name }: Error): boolean {
  return /^(?:CredentialUnavailable|(?:Aggregate)?Authentication(?:Required)?)Error$/.test(name)
}
