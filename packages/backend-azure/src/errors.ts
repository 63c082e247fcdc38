import type { RestError } from '@azure/storage-blob'
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

/** The operation to which Azure answered with an error. */
export type Attempt = BackendAttempt<Operation>

/** Makes the errors that all backends have, with the words of Azure. */
export const errors: BackendErrors<Operation> = new BackendErrors({
  type: 'azure',
  provider: 'Azure',
  permissions,
})

const {
  alreadyExists,
  busy,
  changed,
  damaged,
  denied,
  refusedSettings,
  throttled,
  unauthenticated,
  unsupported,
} = commonMeanings

const noContainer: ErrorMeaning = {
  code: 'STORAGE_CONTAINER_NOT_FOUND',
  message: 'no such container',
}
/**
 * Another writer committed or overwrote the blob, the blocks were swept, or Azure deleted them
 * after a week.
 */
const blocksGone: ErrorMeaning = {
  ...commonMeanings.rewriteNeeded,
  why: 'its uncommitted blocks were removed while it was written',
}
const archived: ErrorMeaning = {
  code: 'STORAGE_UNAVAILABLE',
  message: 'the object is in the archive tier',
  remedy: 'Rehydrate it first, and keep lifecycle rules away from backups.',
}
const immutable: ErrorMeaning = {
  ...denied,
  message: 'an immutability policy forbids it',
  remedy: 'Use a container without an immutability policy: a backup rewrites its index.',
}
const leased: ErrorMeaning = {
  ...denied,
  message: 'another program holds an Azure lease on it',
  remedy: 'Break the lease on this blob; Kannery never takes one.',
}

/**
 * By Azure's error code.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes,
 * https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  BlobNotFound: commonMeanings.notFound,
  ContainerNotFound: noContainer,
  ContainerBeingDeleted: noContainer,
  ResourceNotFound: noContainer,
  InvalidRange: commonMeanings.outsideRange,

  BlobAlreadyExists: alreadyExists,
  // A SAS that may only create gets it where a blob exists.
  UnauthorizedBlobOverwrite: alreadyExists,
  InvalidBlockList: blocksGone,
  InvalidBlobOrBlock: blocksGone,

  // 412 as well, but of no condition that Kannery sets.
  LeaseIdMissing: leased,
  LeaseIdMismatchWithBlobOperation: leased,
  LeaseLost: leased,
  BlobImmutableDueToPolicy: immutable,
  BlobImmutableDueToLegalHold: immutable,
  BlobArchived: archived,
  BlobBeingRehydrated: archived,
  SnapshotsPresent: {
    ...denied,
    message: 'the object has snapshots, which Kannery did not make',
    remedy: 'Delete the snapshots of this blob.',
  },
  InvalidBlobType: { ...unsupported, message: 'a page blob or append blob has that name' },

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
    remedy:
      'Check the credentials, and whether the networking rules of the account allow this machine.',
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
  BlockCountExceedsLimit: commonMeanings.tooLarge,
  BlockListTooLong: commonMeanings.tooLarge,
  RequestBodyTooLarge: commonMeanings.tooLarge,

  ServerBusy: throttled,
  TooManyRequests: throttled,
  InternalError: busy,
  OperationTimedOut: busy,
  Md5Mismatch: damaged,
  Crc64Mismatch: damaged,
}

/** Used if Azure names no known code: statuses that mean something else than in other stores. */
const meaningsByStatus: Readonly<Record<number, ErrorMeaning>> = {
  409: { ...busy, retry: 'after-refresh' },
}

const credentialsRemedy =
  'Run with a managed or workload identity, run az login, or give accountKey or sasToken.'

/**
 * Turns an error of the SDK into one of Kannery; errors of Kannery and defects pass unchanged. An
 * aborted call rejects with the reason of its signal.
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

/** Whether an error is an answer of Azure, with one of `codes` if any are given. */
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
  const { statusCode: status = 0 } = error
  const providerCode = codeOf(error)
  const header = (name: string): string | undefined => error.response?.headers.get(name)
  const meaning =
    inContext(providerCode, status, attempt) ??
    meanings[providerCode ?? ''] ??
    meaningOfStatus(status, meaningsByStatus)
  return errors.answered(meaning, attempt, {
    status,
    providerCode,
    message: messageOf(error),
    requestId: header('x-ms-request-id'),
    header,
    cause: error,
  })
}

/** Returns what Azure's code means for this operation, if it differs from {@link meanings}. */
function inContext(
  name: string | undefined,
  status: number,
  { condition }: Attempt,
): ErrorMeaning | undefined {
  if (name === 'ConditionNotMet' || (name === undefined && status === 412)) {
    return meaningOfFailedCondition(condition)
  }
  return name === 'BlobNotFound' && condition === 'if-version' ? changed : undefined
}

/** Returns Azure's code, from the header: the answer to HEAD has no body. */
function codeOf(error: RestError): string | undefined {
  const { errorCode } = (error.details ?? {}) as { readonly errorCode?: string }
  return errorCode ?? error.code
}

/** Returns Azure's message without the lines that only repeat the request's id and time. */
function messageOf(error: RestError): string | undefined {
  const { authenticationErrorDetail } = (error.details ?? {}) as {
    readonly authenticationErrorDetail?: string
  }
  return authenticationErrorDetail ?? error.message.split('\n')[0]
}

/**
 * Whether an answer ended too early: the SDK calls it aborted, or reports that it cannot parse it.
 */
function isBroken(error: Error): boolean {
  return error.name === 'AbortError' || (error as Partial<RestError>).code === 'PARSE_ERROR'
}

function isIdentityError({ name }: Error): boolean {
  return /^(?:CredentialUnavailable|(?:Aggregate)?Authentication(?:Required)?)Error$/.test(name)
}
