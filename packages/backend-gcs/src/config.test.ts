import { describe, expect, test } from 'vitest'
import { checkConfig, configFromUrl, type GcsConfig } from './config.ts'
import { locationOf } from './object-names.ts'

describe('the configuration of Google Cloud Storage', () => {
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
  ])('is read from %s', (url, config, location) => {
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
  ])('is not read from %s', (url) => {
    expect(() => configFromUrl(new URL(url))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  test('is refused without repeating a secret in the URL', () => {
    const read = (): GcsConfig => configFromUrl(new URL('gs://me:hunter2@backups/prefix'))

    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(read).toThrow(expect.not.stringContaining('hunter2'))
  })

  test('is refused with the name of the wrong option', () => {
    expect(() => checkConfig({ bucket: 'backups', endpoint: 'x' })).toThrow(/endpoint/)
  })
})
