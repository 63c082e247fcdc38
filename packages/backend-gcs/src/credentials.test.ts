import { describe, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'

describe('the credentials of Google Cloud Storage', () => {
  test('are read from the key file of a service account', () => {
    const key = {
      type: 'service_account',
      client_email: 'a@b',
      private_key: 'PEM',
      project_id: 'p',
    }

    expect(readCredentials({ serviceAccountKey: JSON.stringify(key) })).toEqual({
      email: 'a@b',
      privateKey: 'PEM',
    })
    expect(readCredentials(undefined)).toBeUndefined()
  })

  test.each([
    {},
    { password: 'hunter2' },
    { serviceAccountKey: 'hunter2' },
    { serviceAccountKey: '{"type":"service_account","private_key":"hunter2"}' },
    { serviceAccountKey: '{"type":"external_account","token_url":"hunter2"}' },
  ])('are refused without repeating a value: %o', (secrets) => {
    const read = (): unknown => readCredentials(secrets)

    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(read).toThrow(expect.not.stringContaining('hunter2'))
  })
})
