import { describe, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'

describe('the credentials of Azure Blob Storage', () => {
  test.each([
    [undefined, { kind: 'identity' }],
    [{ accountKey: 'a2V5' }, { kind: 'key', accountKey: 'a2V5' }],
    [{ sasToken: '?sv=1&sig=x' }, { kind: 'sas', sasToken: 'sv=1&sig=x' }],
    [
      {
        connectionString:
          'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5==;EndpointSuffix=core.windows.net',
      },
      { kind: 'key', accountKey: 'a2V5==' },
    ],
    [
      {
        connectionString:
          'BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=sv=1&sig=x',
      },
      { kind: 'sas', sasToken: 'sv=1&sig=x' },
    ],
  ])('are read from the secrets %o', (secrets, credentials) => {
    expect(readCredentials(secrets, 'acme')).toEqual(credentials)
  })

  test("of Azurite's account are known", () => {
    const secrets = { connectionString: 'UseDevelopmentStorage=true' }

    expect(readCredentials(secrets, 'devstoreaccount1')).toMatchObject({ kind: 'key' })
  })

  test.each([
    {},
    { accountKey: 'hunter2', sasToken: 'hunter2' },
    { password: 'hunter2' },
    { connectionString: 'AccountName=other;AccountKey=hunter2' },
    { connectionString: 'AccountName=acme;Password=hunter2' },
  ])('are refused without repeating a value: %o', (secrets) => {
    const read = (): unknown => readCredentials(secrets, 'acme')

    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(read).toThrow(expect.not.stringContaining('hunter2'))
  })
})
