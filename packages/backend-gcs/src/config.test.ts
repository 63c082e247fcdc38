import { expect, test } from 'vitest'
import { checkConfig, configFromUrl, type GcsConfig } from './config.ts'
import { locationOf } from './object-names.ts'

test.each<[string, GcsConfig, string]>([
  ['gs://backups', { bucket: 'backups' }, 'gs://backups'],
  ['gs://backups/', { bucket: 'backups' }, 'gs://backups'],
  [
    'gs://my.backups_1/prod/eu/',
    { bucket: 'my.backups_1', prefix: 'prod/eu' },
    'gs://my.backups_1/prod/eu',
  ],
  ['gs://b-b/50%25%20ü%3F', { bucket: 'b-b', prefix: '50% ü?' }, 'gs://b-b/50%25%20ü%3F'],
  [
    'gs://backups/prod?endpoint=http://localhost:4443',
    { bucket: 'backups', prefix: 'prod', endpoint: 'http://localhost:4443' },
    'gs://backups/prod',
  ],
])('reads %s', (url, config, location) => {
  expect(configFromUrl(new URL(url))).toEqual(config)
  expect(locationOf(config)).toBe(location)
  const { bucket, prefix } = config
  expect(configFromUrl(new URL(location))).toEqual({ bucket, prefix })
})

test.each([
  'gs://backups?project=x',
  'gs://backups?endpoint=ftp://x',
  'gs://Backups',
  'gs://backups/a//b',
  'gs://backups/%zz',
  'gs:///prefix',
])('refuses %s', (url) => {
  expect(() => configFromUrl(new URL(url))).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  )
})

test('refuses a secret in the URL without repeating it', () => {
  const read = (): GcsConfig => configFromUrl(new URL('gs://me:hunter2@backups/prefix'))

  expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(read).toThrow(expect.not.stringContaining('hunter2'))
})

test('names the option that is wrong', () => {
  expect(() => checkConfig({ bucket: 'backups', endpoint: 'x' })).toThrow(/endpoint/)
})
