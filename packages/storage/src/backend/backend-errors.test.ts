import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { BackendErrors } from './backend-errors.ts'
import { commonMeanings, meaningOfFailedCondition, meaningOfStatus } from './error-meanings.ts'

const errors = new BackendErrors({
  type: 'swift',
  provider: 'Swift',
  permissions: { get: 'the role "reader"', put: 'the role "member"' },
})
const attempt = {
  operation: 'get',
  key: 'orders/index',
  place: 'swift://backups/orders/index',
} as const

describe('an error that a provider answers', () => {
  test('has the code, the words and the facts of the answer', () => {
    const headers: Readonly<Record<string, string>> = {
      'retry-after': 'Mon, 23 Nov 2026 10:00:07 GMT',
      date: 'Mon, 23 Nov 2026 10:00:00 GMT',
    }

    expect(
      errors.answered(commonMeanings.throttled, attempt, {
        status: 503,
        providerCode: 'SlowDown',
        message: 'reduce your rate',
        requestId: 'R1',
        header: (name) => headers[name],
      }),
    ).toMatchObject({
      code: 'STORAGE_THROTTLED',
      retry: 'same-request',
      message: 'the storage asks for fewer requests: swift://backups/orders/index',
      why: 'Swift answered 503 SlowDown: reduce your rate',
      facts: {
        backend: 'swift',
        operation: 'get',
        key: 'orders/index',
        status: 503,
        providerCode: 'SlowDown',
        requestId: 'R1',
        retryAfterMs: 7000,
      },
    })
  })

  test('names the permission that the operation needs, unless its meaning knows better', () => {
    const remedy = 'Lift the hold.'
    const held = { ...commonMeanings.denied, remedy }

    expect(errors.answered(commonMeanings.denied, attempt, { status: 403 }).remedy).toBe(
      'Give this identity the role "reader".',
    )
    expect(errors.answered(held, attempt, { status: 403 }).remedy).toBe(remedy)
  })

  test('keeps nothing of the request that caused it', () => {
    const cause = Object.assign(new Error('refused'), { request: { authorization: 'hunter2' } })
    const error = errors.answered(commonMeanings.denied, attempt, { status: 403, cause })

    expect(error.cause).toMatchObject({ message: 'refused' })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })
})

describe('an answer whose code is not known', () => {
  test.each([
    // Only the provider's own code proves that there is no object.
    [404, 'STORAGE_UNAVAILABLE'],
    [401, 'STORAGE_UNAUTHENTICATED'],
    [403, 'STORAGE_DENIED'],
    [429, 'STORAGE_THROTTLED'],
    [502, 'STORAGE_UNAVAILABLE'],
    // An error in the body of a success.
    [200, 'STORAGE_UNAVAILABLE'],
    [418, 'STORAGE_UNSUPPORTED'],
  ])('with the status %i means %s', (status, code) => {
    expect(meaningOfStatus(status, {}).code).toBe(code)
  })

  test('means what the provider says its status means', () => {
    expect(meaningOfStatus(404, { 404: commonMeanings.notFound }).code).toBe('STORAGE_NOT_FOUND')
  })
})

describe('a condition that did not hold', () => {
  test('means "exists" for a creation, and "changed" for a replacement', () => {
    expect(meaningOfFailedCondition('if-absent').code).toBe('STORAGE_ALREADY_EXISTS')
    expect(meaningOfFailedCondition('if-version').code).toBe('STORAGE_PRECONDITION_FAILED')
    expect(meaningOfFailedCondition(undefined).code).toBe('STORAGE_PRECONDITION_FAILED')
  })
})
