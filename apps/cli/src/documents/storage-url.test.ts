import { describe, expect, test } from 'vitest'
import { parseStorageUrl } from './storage-url.ts'

describe('the URL of a storage', () => {
  test.each([
    ['./backups', 'file:///home/me/backups'],
    ['backups', 'file:///home/me/backups'],
    ['/srv/backups', 'file:///srv/backups'],
    ['/srv/a b#c?d', 'file:///srv/a%20b%23c%3Fd'],
    ['file:///srv/backups', 'file:///srv/backups'],
    ['s3://bucket/prefix?region=eu-west-1', 's3://bucket/prefix?region=eu-west-1'],
  ])('reads %j', (text, url) => {
    expect(parseStorageUrl(text, '/home/me').href).toBe(url)
  })

  test.each(['', '  ', 'file://srv/backups', 'https://', 's3://['])('refuses %j', (text) => {
    expect(() => parseStorageUrl(text, '/')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  test.each([
    's3://AKIA:hunter2@bucket/prefix',
    's3://bucket?secretAccessKey=hunter2',
    's3://bucket?apiKey=hunter2',
    's3://me:x/hunter2@bucket',
    'http://me:x#hunter2@localhost/container',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2',
    'https://account.blob.core.windows.net/container?sv=2024&sig=hunter2',
    'https://user:hunter2@[broken',
  ])('refuses the secret in %j and does not repeat it', (text) => {
    const caught = catchError(() => parseStorageUrl(text, '/'))

    expect(caught).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(JSON.stringify(caught) + String(caught)).not.toContain('hunter2')
  })

  test.each([
    ['s3://bucket/pre#fix', '#'],
    ['s3://bucket/prefix#', '#'],
    ['gs://bucket/a?endpoint=http://localhost:4443#b', '#'],
    ['https://account.blob.core.windows.net/container/a#b', '#'],
    ['file:///srv/back#ups', '#'],
    ['file:relative', 'relative'],
    ['file:./relative', 'relative'],
    ['s3://bucket/a%2Fb', '%2F'],
    ['https://account.blob.core.windows.net/container/a%2fb', '%2F'],
    ['file:///srv/a%2Fb', '%2F'],
    ['https://account.blob.core.windows.net/container/a\\b', 'backslash'],
    ['s3://bucket/a/../b', '".."'],
    ['s3://bucket/%2e%2E', '".."'],
    ['s3://bucket/a\tb', 'tabs'],
    ['s3://bucket/prefix ', 'spaces'],
  ])('refuses %j, which would lead to another place than it says', (text, why) => {
    expect(catchError(() => parseStorageUrl(text, '/'))).toMatchObject({
      code: 'CONFIG_INVALID',
      why: expect.stringContaining(why),
    })
  })

  test.each(['file:/srv/backups', 's3://bucket/a%23b?region=eu%2Fx', 's3://bucket/..a/b..'])(
    'leaves %j as it is',
    (text) => {
      expect(parseStorageUrl(text, '/').href.replace('///', '/')).toBe(text)
    },
  )
})

function catchError(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
