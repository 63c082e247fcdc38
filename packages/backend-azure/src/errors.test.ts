import { type ErrorCode, KanneryError, type Retry } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { type Attempt, azureError } from './errors.ts'

const get: Attempt = { operation: 'get', key: 'k', place: 'https://a/c/k' }
const create: Attempt = { ...get, operation: 'put', condition: 'if-absent' }
const replace: Attempt = { ...get, operation: 'put', condition: 'if-version' }
const commit: Attempt = { ...create, operation: 'commitBlocks' }

/**
 * What Azure says, and what it means. Sources:
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes,
 * https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes,
 * https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
 */
const table: readonly [status: number, name: string | undefined, Attempt, ErrorCode, Retry][] = [
  [404, 'BlobNotFound', get, 'STORAGE_NOT_FOUND', 'never'],
  [404, 'ContainerNotFound', get, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  [404, 'ContainerNotFound', create, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  [409, 'ContainerBeingDeleted', get, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  // Not a word about blobs: whatever it is, it does not prove that there is none.
  [404, undefined, get, 'STORAGE_UNAVAILABLE', 'same-request'],
  [416, 'InvalidRange', get, 'STORAGE_RANGE', 'never'],

  // 409 is "exists" here, where S3 means "again".
  [409, 'BlobAlreadyExists', create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [409, 'BlobAlreadyExists', commit, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'ConditionNotMet', create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, undefined, create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [403, 'UnauthorizedBlobOverwrite', create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'ConditionNotMet', replace, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [412, 'ConditionNotMet', get, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [404, 'BlobNotFound', replace, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [400, 'InvalidBlockList', commit, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],

  // 412 as well, but nothing was changed.
  [412, 'LeaseIdMissing', replace, 'STORAGE_DENIED', 'never'],
  [409, 'BlobImmutableDueToPolicy', replace, 'STORAGE_DENIED', 'never'],
  [409, 'SnapshotsPresent', get, 'STORAGE_DENIED', 'never'],
  [409, 'BlobArchived', get, 'STORAGE_UNAVAILABLE', 'never'],
  [409, 'InvalidBlobType', create, 'STORAGE_UNSUPPORTED', 'never'],
  [409, 'Unknown', create, 'STORAGE_UNAVAILABLE', 'after-refresh'],

  [403, 'AuthenticationFailed', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [401, 'NoAuthenticationInformation', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'KeyBasedAuthenticationNotPermitted', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'AuthorizationFailure', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'AuthorizationPermissionMismatch', get, 'STORAGE_DENIED', 'never'],
  [403, 'AuthorizationResourceTypeMismatch', get, 'STORAGE_DENIED', 'never'],
  [403, 'InsufficientAccountPermissions', get, 'STORAGE_DENIED', 'never'],
  [403, 'Unknown', get, 'STORAGE_DENIED', 'never'],

  [400, 'InvalidResourceName', get, 'CONFIG_INVALID', 'never'],
  [413, 'RequestBodyTooLarge', create, 'STORAGE_UNSUPPORTED', 'never'],
  [409, 'BlockCountExceedsLimit', create, 'STORAGE_UNSUPPORTED', 'never'],

  [503, 'ServerBusy', create, 'STORAGE_THROTTLED', 'same-request'],
  [429, 'Unknown', create, 'STORAGE_THROTTLED', 'same-request'],
  [500, 'InternalError', commit, 'STORAGE_UNAVAILABLE', 'same-request'],
  [500, 'OperationTimedOut', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [502, undefined, get, 'STORAGE_UNAVAILABLE', 'same-request'],
  [400, 'Md5Mismatch', create, 'STORAGE_UNAVAILABLE', 'same-request'],
]

describe('an error of Azure Blob Storage', () => {
  test.each(table)('%i %s at %o is %s, %s', (status, name, attempt, code, retry) => {
    expect(azureError(answer(status, name), attempt)).toMatchObject({
      code,
      retry,
      facts: {
        backend: 'azure',
        operation: attempt.operation,
        key: 'k',
        status,
        providerCode: name,
      },
    })
  })

  test.each([
    ['get', /Storage Blob Data Reader.*\(r\)/],
    ['put', /Storage Blob Data Contributor.*\(r, c, w\)/],
    ['list', /list \(l\)/],
    ['delete', /delete \(d\)/],
  ] as const)('a refused %s names the permission', (operation, permission) => {
    const error = answer(403, 'AuthorizationPermissionMismatch')

    expect(azureError(error, { ...get, operation })).toMatchObject({
      remedy: expect.stringMatching(permission),
    })
  })

  test('an identity that cannot be found is reported as missing credentials', () => {
    const error = Object.assign(new Error('az login\nand more'), {
      name: 'CredentialUnavailableError',
    })

    expect(azureError(error, get)).toMatchObject({
      code: 'STORAGE_UNAUTHENTICATED',
      why: 'az login',
    })
  })

  test('an aborted call rejects with the reason of its signal', () => {
    const reason = new Error('enough')

    expect(azureError(new Error('AbortError'), get, { signal: AbortSignal.abort(reason) })).toBe(
      reason,
    )
  })

  test('errors of Kannery and defects pass unchanged', () => {
    const defect = new TypeError('undefined is not a function')
    const ours = new KanneryError('INTERNAL', 'x')

    expect(azureError(defect, get)).toBe(defect)
    expect(azureError(ours, get)).toBe(ours)
  })
})

/** As the SDK throws it; the code is also in a header, for answers without a body. */
function answer(statusCode: number, errorCode: string | undefined): Error {
  const details = { errorCode, 'x-ms-request-id': 'R1' }
  return Object.assign(new Error('said the storage'), { name: 'RestError', statusCode, details })
}
