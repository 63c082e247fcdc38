import { describe, expect, test } from 'vitest'
import { networkFailure, retryAfterMs, withoutRequest } from './http-failure.ts'

describe('a failure of the network', () => {
  test('is found among the causes of an error of an SDK', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

    expect(networkFailure(refused)).toMatchObject({ status: 'ECONNREFUSED', retry: 'same-request' })
    expect(networkFailure(new Error('sdk', { cause: refused }))?.status).toBe('ECONNREFUSED')
    expect(networkFailure(new AggregateError([refused], 'both'))?.status).toBe('ECONNREFUSED')
  })

  test('says whether the request can have been sent', () => {
    const withCode = (code: string): Error => Object.assign(new Error('x'), { code })

    expect(networkFailure(withCode('ECONNREFUSED'))?.sent).toBe(false)
    expect(networkFailure(withCode('ECONNRESET'))?.sent).toBe(true)
    expect(networkFailure(Object.assign(new Error('x'), { name: 'TimeoutError' }))?.sent).toBe(true)
  })

  test('a certificate that is not trusted is not tried again', () => {
    const error = Object.assign(new Error('tls'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

    expect(networkFailure(error)).toMatchObject({ retry: 'never' })
  })

  test('a certificate that is refused for another reason than trust has its reason', () => {
    const weak = Object.assign(new Error('EE certificate key too weak'), { code: 'UNSPECIFIED' })
    const purpose = Object.assign(new Error('x'), { code: 'INVALID_PURPOSE' })

    expect(networkFailure(weak)).toMatchObject({
      retry: 'never',
      why: expect.stringMatching(/weak/),
    })
    expect(networkFailure(purpose)).toMatchObject({ why: expect.stringMatching(/for servers/) })
    expect(networkFailure(purpose)?.remedy).not.toContain('NODE_EXTRA_CA_CERTS')
  })

  test.each([new Error('x'), Object.assign(new Error('x'), { code: 'NoSuchKey' }), 'x', undefined])(
    'is not found in %s',
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
  ])('the header Retry-After %j asks for a pause of %j ms', (header, expected) => {
    expect(retryAfterMs(header, 1000)).toBe(expected)
  })

  test('an error without its request keeps its message', () => {
    const request = { headers: { authorization: 'Bearer hunter2' } }
    const copy = withoutRequest(Object.assign(new TypeError('no'), { request }))

    expect(copy).toMatchObject({ name: 'TypeError', message: 'no' })
    expect(copy).not.toHaveProperty('request')
  })
})
