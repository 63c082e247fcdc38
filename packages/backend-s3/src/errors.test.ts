import { type ErrorCode, KanneryError, type Retry } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { type Attempt, s3Error } from './errors.ts'

const get: Attempt = { operation: 'get', key: 'k', place: 's3://b/k' }
const create: Attempt = { ...get, operation: 'put', condition: 'if-absent' }
const replace: Attempt = { ...get, operation: 'put', condition: 'if-version' }
const streamed: Attempt = { ...create, operation: 'openWriter' }
const complete: Attempt = { ...create, operation: 'completeUpload' }

/**
 * What S3 says, and what it means. Sources: the list of error codes,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList, and the pages
 * of the requests.
 */
const table: readonly [status: number, name: string, Attempt, ErrorCode, Retry][] = [
  [404, 'NoSuchKey', get, 'STORAGE_NOT_FOUND', 'never'],
  [404, 'NoSuchBucket', get, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  [404, 'NoSuchBucket', create, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  // Not a word about objects: whatever it is, it does not prove that there is none.
  [404, 'Unknown', get, 'STORAGE_UNAVAILABLE', 'same-request'],
  [416, 'InvalidRange', get, 'STORAGE_RANGE', 'never'],

  [412, 'PreconditionFailed', get, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [412, 'PreconditionFailed', create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'PreconditionFailed', complete, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'PreconditionFailed', replace, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  // AWS says 404 where Ceph says 412.
  [404, 'NoSuchKey', replace, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [409, 'ConditionalRequestConflict', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [409, 'ConditionalRequestConflict', streamed, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],
  [409, 'ConditionalRequestConflict', complete, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],
  [409, 'OperationAborted', replace, 'STORAGE_UNAVAILABLE', 'same-request'],
  [404, 'NoSuchUpload', complete, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],
  [400, 'InvalidPart', complete, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],

  [403, 'AccessDenied', get, 'STORAGE_DENIED', 'never'],
  [403, 'AllAccessDisabled', get, 'STORAGE_DENIED', 'never'],
  [403, 'AccountProblem', get, 'STORAGE_DENIED', 'never'],
  [400, 'KMS.DisabledException', create, 'STORAGE_DENIED', 'never'],
  [403, 'InvalidObjectState', get, 'STORAGE_UNAVAILABLE', 'never'],
  [403, 'InvalidAccessKeyId', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'SignatureDoesNotMatch', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [404, 'XAdminUserNotFound', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [400, 'InvalidToken', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [400, 'ExpiredToken', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'RequestTimeTooSkewed', get, 'STORAGE_UNAUTHENTICATED', 'never'],

  [301, 'PermanentRedirect', get, 'CONFIG_INVALID', 'never'],
  [400, 'AuthorizationHeaderMalformed', get, 'CONFIG_INVALID', 'never'],
  [400, 'InvalidStorageClass', create, 'CONFIG_INVALID', 'never'],
  [307, 'TemporaryRedirect', get, 'STORAGE_UNAVAILABLE', 'same-request'],
  [400, 'KeyTooLongError', create, 'STORAGE_UNSUPPORTED', 'never'],
  [400, 'EntityTooLarge', create, 'STORAGE_UNSUPPORTED', 'never'],
  [501, 'NotImplemented', create, 'STORAGE_UNSUPPORTED', 'never'],

  [503, 'SlowDown', create, 'STORAGE_THROTTLED', 'same-request'],
  [429, 'TooManyRequests', create, 'STORAGE_THROTTLED', 'same-request'],
  [503, 'ServiceUnavailable', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [500, 'InternalError', complete, 'STORAGE_UNAVAILABLE', 'same-request'],
  [400, 'RequestTimeout', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [400, 'BadDigest', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [403, 'QuotaExceeded', create, 'STORAGE_FULL', 'never'],
  [507, 'XMinioStorageFull', create, 'STORAGE_FULL', 'never'],

  [418, 'Teapot', get, 'STORAGE_UNSUPPORTED', 'never'],
  [401, 'Unknown', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'Unknown', get, 'STORAGE_DENIED', 'never'],
  [502, 'Unknown', get, 'STORAGE_UNAVAILABLE', 'same-request'],
  [200, 'Error', get, 'STORAGE_UNAVAILABLE', 'same-request'],
]

describe('an error of S3', () => {
  test.each(table)('%i %s at %o is %s, %s', (status, name, attempt, code, retry) => {
    expect(s3Error(answer(status, name), attempt)).toMatchObject({
      code,
      retry,
      facts: { backend: 's3', operation: attempt.operation, key: 'k', status, providerCode: name },
    })
  })

  test.each([
    ['get', /s3:GetObject.*s3:ListBucket/],
    ['put', /s3:PutObject/],
    ['list', /s3:ListBucket/],
    ['delete', /s3:DeleteObject/],
    ['sweepUnfinished', /s3:ListBucketMultipartUploads/],
  ] as const)('a refused %s names the permission', (operation, permission) => {
    expect(s3Error(answer(403, 'AccessDenied'), { ...get, operation })).toMatchObject({
      remedy: expect.stringMatching(permission),
    })
  })

  test('an aborted call rejects with the reason of its signal', () => {
    const reason = new Error('enough')

    expect(s3Error(new Error('AbortError'), get, { signal: AbortSignal.abort(reason) })).toBe(
      reason,
    )
  })

  test('errors of Kannery and defects pass unchanged', () => {
    const defect = new TypeError('undefined is not a function')
    const ours = new KanneryError('INTERNAL', 'x')

    expect(s3Error(defect, get)).toBe(defect)
    expect(s3Error(ours, get)).toBe(ours)
  })
})

/** As the SDK throws it. */
function answer(httpStatusCode: number, name: string): Error {
  return Object.assign(new Error('said the storage'), { name, $metadata: { httpStatusCode } })
}
