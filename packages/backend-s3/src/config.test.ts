import { describe, expect, test } from 'vitest'
import { checkConfig, configFromUrl, type S3Config } from './config.ts'
import { locationOf } from './object-names.ts'

describe('the configuration of S3', () => {
  test.each<[string, S3Config, string]>([
    ['s3://backups', { bucket: 'backups' }, 's3://backups'],
    ['s3://backups/', { bucket: 'backups' }, 's3://backups'],
    ['s3://backups/prod/', { bucket: 'backups', prefix: 'prod' }, 's3://backups/prod'],
    [
      's3://b/a/b?region=eu-west-1',
      { bucket: 'b', prefix: 'a/b', region: 'eu-west-1' },
      's3://b/a/b',
    ],
    ['s3://b/50%25%20ü%3F', { bucket: 'b', prefix: '50% ü?' }, 's3://b/50%25%20ü%3F'],
    [
      's3://b?endpoint=http://localhost:9000&forcePathStyle=false',
      { bucket: 'b', endpoint: 'http://localhost:9000', forcePathStyle: false },
      's3://b',
    ],
    [
      's3://b?storageClass=STANDARD_IA&serverSideEncryption=aws:kms&kmsKeyId=arn:aws:kms:x&objectLockMode=COMPLIANCE',
      {
        bucket: 'b',
        storageClass: 'STANDARD_IA',
        serverSideEncryption: 'aws:kms',
        kmsKeyId: 'arn:aws:kms:x',
        objectLockMode: 'COMPLIANCE',
      },
      's3://b',
    ],
  ])('is read from %s', (url, config, location) => {
    expect(configFromUrl(new URL(url))).toEqual(config)
    expect(locationOf(config)).toBe(location)
    const { bucket, prefix } = config
    expect(configFromUrl(new URL(location))).toEqual({ bucket, prefix })
  })

  test.each([
    's3://b?forcePathStyle=maybe',
    's3://b?profile=x',
    's3://b?endpoint=ftp://x',
    's3://b?storageClass=DEEP_ARCHIVE',
    's3://b?kmsKeyId=x',
    's3://b?objectLockMode=NONE',
    's3://b/a//b',
    's3://b/../c%2F..%2Fd',
    's3://b/%zz',
    's3:///prefix',
  ])('is not read from %s', (url) => {
    expect(() => configFromUrl(new URL(url))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  test('is refused without repeating a secret in the URL', () => {
    const url = new URL('s3://AKIA:hunter2@bucket/prefix')

    expect(() => configFromUrl(url)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(() => configFromUrl(url)).toThrow(expect.not.stringContaining('hunter2'))
  })

  test('is refused with the name of the wrong option', () => {
    expect(() => checkConfig({ bucket: 'b', objectLockMode: 'x' })).toThrow(/objectLockMode/)
    expect(() => checkConfig({ bucket: 'b', colour: 'x' })).toThrow(/colour/)
  })
})
