import { describe, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'

describe('the credentials of S3', () => {
  test.each([
    [undefined, undefined],
    [
      { accessKeyId: 'AKIA', secretAccessKey: 'x' },
      { accessKeyId: 'AKIA', secretAccessKey: 'x' },
    ],
    [
      { accessKeyId: 'AKIA', secretAccessKey: 'x', sessionToken: '' },
      { accessKeyId: 'AKIA', secretAccessKey: 'x' },
    ],
    [
      { accessKeyId: 'ASIA', secretAccessKey: 'x', sessionToken: 't' },
      { accessKeyId: 'ASIA', secretAccessKey: 'x', sessionToken: 't' },
    ],
  ])('are read from the secrets %o', (secrets, credentials) => {
    expect(readCredentials(secrets)).toEqual(credentials)
  })

  test.each([
    {},
    { accessKeyId: 'hunter2' },
    { secretAccessKey: 'hunter2' },
    { accessKeyId: '', secretAccessKey: 'hunter2' },
    { accessKeyId: 'AKIA', secretAccessKey: 'hunter2', password: 'hunter2' },
  ])('are refused without repeating a value: %o', (secrets) => {
    expect(() => readCredentials(secrets)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.not.stringContaining('hunter2'),
      }),
    )
  })
})
