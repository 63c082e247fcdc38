import { parseDocument, type Storage } from '@kannery/resources'
import { describe, expect, test } from 'vitest'
import { storageDocument } from './storage.ts'

const app = { url: import.meta.url, version: '1.2.3' }

async function specOf(
  text: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Storage['spec']> {
  const document = await storageDocument(text, { directory: '/home/me', environment, app })
  expect(parseDocument(document)).toEqual(document)
  return document.spec
}

describe('the Storage that a path or URL means', () => {
  test.each<readonly [text: string, spec: Storage['spec']]>([
    ['./backups', { folder: { path: '/home/me/backups' } }],
    ['/srv/a b', { folder: { path: '/srv/a b' } }],
    ['file:///srv/backups?access=group', { folder: { path: '/srv/backups', access: 'group' } }],
    [
      's3://bucket/prefix/?region=eu-west-1&forcePathStyle=true&endpoint=http://minio:9000',
      {
        s3: {
          bucket: 'bucket',
          prefix: 'prefix',
          region: 'eu-west-1',
          forcePathStyle: true,
          endpoint: 'http://minio:9000',
        },
      },
    ],
    ['gs://bucket', { gcsBucket: { bucket: 'bucket' } }],
    [
      'https://account.blob.core.windows.net/container/a/b',
      {
        azureContainer: {
          location: 'https://account.blob.core.windows.net',
          container: 'container',
          directory: 'a/b',
        },
      },
    ],
    [
      'http://127.0.0.1:10000/account/container/',
      { azureContainer: { location: 'http://127.0.0.1:10000/account', container: 'container' } },
    ],
  ])('of %j is a valid document', async (text, spec) => {
    expect(await specOf(text)).toEqual(spec)
  })

  test('refers to the credentials that the environment names', async () => {
    const environment = { KANNERY_STORAGE_CREDENTIALS: '/run/secrets/s3' }

    expect(await specOf('s3://bucket', environment)).toMatchObject({
      credentials: { path: '/run/secrets/s3' },
    })
    expect(await specOf('s3://bucket', { KANNERY_STORAGE_CREDENTIALS: 'secrets' })).toMatchObject({
      credentials: { path: '/home/me/secrets' },
    })
    expect(await specOf('s3://bucket', { KANNERY_STORAGE_CREDENTIALS: '' })).not.toHaveProperty(
      'credentials',
    )
  })

  test('of another plugin has the configuration that the plugin makes of it', async () => {
    const plugin = new URL('../../../../examples/plugin-sqlite', import.meta.url).pathname

    expect(await specOf('sqlite:///srv/can.db', { KANNERY_PLUGINS: plugin })).toEqual({
      custom: { plugin: 'sqlite', config: { path: '/srv/can.db' } },
    })
  })
})
