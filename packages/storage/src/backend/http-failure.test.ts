import { expect, test } from 'vitest'
import { networkFailure, retryAfterMs, withoutRequest } from './http-failure.ts'

test('finds the network below what an SDK makes of it', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

  expect(networkFailure(refused)).toMatchObject({ status: 'ECONNREFUSED', retry: 'same-request' })
  expect(networkFailure(new Error('sdk', { cause: refused }))?.status).toBe('ECONNREFUSED')
  expect(networkFailure(new AggregateError([refused], 'both'))?.status).toBe('ECONNREFUSED')
})

test('tells whether anything can have happened', () => {
  const withCode = (code: string): Error => Object.assign(new Error('x'), { code })

  expect(networkFailure(withCode('ECONNREFUSED'))?.sent).toBe(false)
  expect(networkFailure(withCode('ECONNRESET'))?.sent).toBe(true)
  expect(networkFailure(Object.assign(new Error('x'), { name: 'TimeoutError' }))?.sent).toBe(true)
})

test('a certificate that is not trusted will not be trusted the next time', () => {
  const error = Object.assign(new Error('tls'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

  expect(networkFailure(error)).toMatchObject({ retry: 'never' })
})

test('a certificate that is refused for another reason than trust is no unknown error', () => {
  const weak = Object.assign(new Error('EE certificate key too weak'), { code: 'UNSPECIFIED' })
  const purpose = Object.assign(new Error('x'), { code: 'INVALID_PURPOSE' })

  expect(networkFailure(weak)).toMatchObject({ retry: 'never', why: expect.stringMatching(/weak/) })
  expect(networkFailure(purpose)).toMatchObject({ why: expect.stringMatching(/for servers/) })
  expect(networkFailure(purpose)?.remedy).not.toContain('NODE_EXTRA_CA_CERTS')
})

test.each([new Error('x'), Object.assign(new Error('x'), { code: 'NoSuchKey' }), 'x', undefined])(
  'leaves %s alone',
  (error) => {
    expect(networkFailure(error)).toBeUndefined()
  },
)

test.each([
  ['2', 2000],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:07 GMT', 6000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('reads Retry-After %j', (header, expected) => {
  expect(retryAfterMs(header, 1000)).toBe(expected)
})

test('an error without its request keeps what it says', () => {
  const request = { headers: { authorization: 'Bearer hunter2' } }
  const told = withoutRequest(Object.assign(new TypeError('no'), { request }))

  expect(told).toMatchObject({ name: 'TypeError', message: 'no' })
  expect(told).not.toHaveProperty('request')
})
