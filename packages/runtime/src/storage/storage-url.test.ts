import { expect, test } from 'vitest'
import { parseStorageUrl, shownLocation } from './storage-url.ts'

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
  'https://account.blob.core.windows.net/container?sv=2024&sig=hunter2',
  'https://user:hunter2@[broken',
])('refuses the secret in %j and does not repeat it', (text) => {
  const caught = catchError(() => parseStorageUrl(text, '/'))

  expect(caught).toMatchObject({ code: 'CONFIG_INVALID' })
  expect(JSON.stringify(caught) + String(caught)).not.toContain('hunter2')
})

test.each([
  ['./backups', '/home/me/backups'],
  ['/srv/a b', '/srv/a b'],
  ['s3://bucket/prefix/?region=eu-west-1', 's3://bucket/prefix'],
  ['gs://bucket', 'gs://bucket'],
  [
    'https://account.blob.core.windows.net/container/',
    'https://account.blob.core.windows.net/container',
  ],
])('shows %j without options and without a last slash', (text, shown) => {
  expect(shownLocation(parseStorageUrl(text, '/home/me'))).toBe(shown)
})

function catchError(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
