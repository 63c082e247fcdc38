import { type ErrorCode, KanneryError, type Retry } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { type Attempt, answered, gcsError, NotFound } from './errors.ts'

const get: Attempt = { operation: 'get', key: 'k', place: 'gs://b/k' }
const create: Attempt = { ...get, operation: 'put', condition: 'if-absent' }
const replace: Attempt = { ...get, operation: 'put', condition: 'if-version' }
const begin: Attempt = { ...create, operation: 'openWriter' }
const part: Attempt = { ...create, operation: 'sendPart' }
const finish: Attempt = { ...create, operation: 'finishUpload' }

/**
 * What Google says, and what it means. Sources:
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes,
 * https://cloud.google.com/storage/docs/performing-resumable-uploads,
 * https://cloud.google.com/storage/docs/request-preconditions
 */
const table: readonly [status: number, reason: string | undefined, Attempt, ErrorCode, Retry][] = [
  [404, 'notFound', create, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  [404, 'notFound', begin, 'STORAGE_CONTAINER_NOT_FOUND', 'never'],
  [404, 'notFound', part, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],
  [410, 'gone', finish, 'STORAGE_REWRITE_NEEDED', 'after-refresh'],
  [416, 'requestedRangeNotSatisfiable', get, 'STORAGE_RANGE', 'never'],

  [412, 'conditionNotMet', create, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'conditionNotMet', finish, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, undefined, finish, 'STORAGE_ALREADY_EXISTS', 'after-refresh'],
  [412, 'conditionNotMet', replace, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [412, 'conditionNotMet', get, 'STORAGE_PRECONDITION_FAILED', 'after-refresh'],
  [409, 'conflict', create, 'STORAGE_UNAVAILABLE', 'same-request'],

  [401, 'authError', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [401, 'required', get, 'STORAGE_UNAUTHENTICATED', 'never'],
  [403, 'forbidden', get, 'STORAGE_DENIED', 'never'],
  [403, 'insufficientPermissions', get, 'STORAGE_DENIED', 'never'],
  [403, 'accountDisabled', get, 'STORAGE_DENIED', 'never'],
  [403, 'retentionPolicyNotMet', replace, 'STORAGE_DENIED', 'never'],
  [403, 'objectUnderActiveHold', replace, 'STORAGE_DENIED', 'never'],

  // More than one write of the same object within a second.
  [429, 'rateLimitExceeded', replace, 'STORAGE_THROTTLED', 'same-request'],
  [403, 'rateLimitExceeded', get, 'STORAGE_THROTTLED', 'same-request'],
  [403, 'userRateLimitExceeded', get, 'STORAGE_THROTTLED', 'same-request'],
  [408, 'uploadBrokenConnection', part, 'STORAGE_UNAVAILABLE', 'same-request'],
  [500, 'internalError', finish, 'STORAGE_UNAVAILABLE', 'same-request'],
  [503, 'backendError', create, 'STORAGE_UNAVAILABLE', 'same-request'],
  [502, undefined, get, 'STORAGE_UNAVAILABLE', 'same-request'],

  [400, 'invalid', create, 'CONFIG_INVALID', 'never'],
  [413, 'uploadTooLarge', create, 'STORAGE_UNSUPPORTED', 'never'],
  [418, undefined, get, 'STORAGE_UNSUPPORTED', 'never'],
]

describe('an error of Google Cloud Storage', () => {
  test.each(table)('%i %s at %o is %s, %s', (status, reason, attempt, code, retry) => {
    expect(answer(status, reason, attempt)).toMatchObject({
      code,
      retry,
      facts: {
        backend: 'gcs',
        operation: attempt.operation,
        key: 'k',
        status,
        providerCode: reason,
      },
    })
  })

  test('a 404 to a read does not prove that the object is missing', () => {
    expect(answer(404, 'notFound', get)).toBeInstanceOf(NotFound)
  })

  test.each([
    ['get', /storage\.objects\.get and storage\.objects\.list/],
    ['put', /storage\.objects\.create/],
    ['list', /storage\.objects\.list/],
    ['delete', /storage\.objects\.delete/],
  ] as const)('a refused %s names the permission', (operation, permission) => {
    expect(answer(403, 'forbidden', { ...get, operation })).toMatchObject({
      remedy: expect.stringMatching(permission),
    })
  })

  test.each([
    'Could not load the default credentials. Browse to https://cloud.google.com/docs/authentication',
    'invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes)',
  ])('missing credentials are reported: %s', (message) => {
    expect(gcsError(new Error(message), get)).toMatchObject({
      code: 'STORAGE_UNAUTHENTICATED',
      why: message,
    })
  })

  test('an aborted call rejects with the reason of its signal', () => {
    const reason = new Error('enough')

    expect(gcsError(new Error('AbortError'), get, { signal: AbortSignal.abort(reason) })).toBe(
      reason,
    )
  })

  test('errors of Kannery and defects pass unchanged', () => {
    const defect = new TypeError('undefined is not a function')
    const ours = new KanneryError('INTERNAL', 'x')

    expect(gcsError(defect, get)).toBe(defect)
    expect(gcsError(ours, get)).toBe(ours)
  })
})

function answer(status: number, reason: string | undefined, attempt: Attempt): Error {
  const body =
    reason === undefined
      ? '<html>Sorry</html>'
      : JSON.stringify({
          error: { code: status, message: 'a message of Google', errors: [{ reason }] },
        })
  return answered({ status, body, header: () => undefined }, attempt)
}
