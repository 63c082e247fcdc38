import { describe, expect, test } from 'vitest'
import type { StandardSchema } from '../backend.ts'
import {
  bucketPlaceOf,
  checkAgainst,
  decodeUrlPart,
  isFolder,
  locationIn,
} from './bucket-config.ts'

function schemaThatSays(result: unknown): StandardSchema<string> {
  return { '~standard': { version: 1, vendor: 'test', validate: () => result } }
}

describe('the configuration of a bucket', () => {
  test('a configuration is the output of its schema', () => {
    expect(checkAgainst(schemaThatSays({ value: 'checked' }), 'a storage', 'raw')).toBe('checked')
  })

  test.each([
    [{ message: 'too long', path: ['bucket'] }, 'not a storage: bucket: too long'],
    [{ message: 'too long', path: [{ key: 'a' }, 0] }, 'not a storage: a.0: too long'],
    [{ message: 'too long' }, 'not a storage: too long'],
  ])('only the first issue is reported: %j', (issue, message) => {
    const schema = schemaThatSays({ issues: [issue, { message: 'something else' }] })

    expect(() => checkAgainst(schema, 'a storage', 'raw')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message }),
    )
  })

  test.each(['https://user@host/', 'https://:hunter2@host/'])(
    'the URL %s is refused, because it has credentials',
    (url) => {
      expect(() => bucketPlaceOf(new URL(url))).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: expect.not.stringContaining('hunter2'),
        }),
      )
    },
  )

  test('a URL without credentials is accepted', () => {
    expect(() => bucketPlaceOf(new URL('https://host/'))).not.toThrow()
  })

  test.each([
    ['s3://bucket', { bucket: 'bucket' }],
    ['gs://bucket/', { bucket: 'bucket' }],
    ['s3://bucket//a/50%25/?region=x', { bucket: 'bucket', prefix: 'a/50%' }],
  ])('the URL %s names %j', (url, place) => {
    expect(bucketPlaceOf(new URL(url))).toEqual(place)
  })

  test.each(['s3://bucket/pre#fix', 'gs://bucket/a%2Fb', 'gs://bucket/a%2fb'])(
    'the URL %s is refused instead of naming another folder',
    (url) => {
      expect(() => bucketPlaceOf(new URL(url))).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      )
    },
  )

  test('a URL without a bucket is refused', () => {
    expect(() => bucketPlaceOf(new URL('gs:///prefix'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', remedy: 'Write gs://bucket.' }),
    )
  })

  test('the shown URL of a place names the same place', () => {
    const location = locationIn('s3://bucket', '50% ü?#/a')

    expect(location).toBe('s3://bucket/50%25%20ü%3F%23/a')
    expect(decodeUrlPart(new URL(location).pathname)).toBe('/50% ü?#/a')
    expect(locationIn('s3://bucket', undefined)).toBe('s3://bucket')
  })

  test('a % without two hexadecimal digits is refused', () => {
    expect(() => decodeUrlPart('50%')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test.each([
    ['prod', true],
    ['prod/a', true],
    ['', false],
    ['/prod', false],
    ['prod/', false],
    ['a//b', false],
    ['../prod', false],
  ])('the name %j can be a folder: %s', (name, expected) => {
    expect(isFolder(name)).toBe(expected)
  })
})
