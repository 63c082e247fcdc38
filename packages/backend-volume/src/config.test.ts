import { describe, expect, test } from 'vitest'
import { checkConfig, configFromUrl, configSchema } from './config.ts'

describe('the configuration of a folder', () => {
  test.each([
    ['file:///data/backups', '/data/backups'],
    ['file:///data/backups/', '/data/backups'],
    ['file://localhost/data', '/data'],
    ['file:///data/a%20b%23c', '/data/a b#c'],
    ['file:///', '/'],
  ])('is read from %s as the folder %s', (url, path) => {
    expect(configFromUrl(new URL(url))).toEqual({ path })
  })

  test('has the access of a group if the URL says so', () => {
    expect(configFromUrl(new URL('file:///data?access=group'))).toEqual({
      path: '/data',
      access: 'group',
    })
  })

  test.each([
    ['file://server/share', /names no host/],
    ['file:///data?region=eu', /takes no option "region"/],
    ['file:///data?access=all', /"owner" or "group"/],
    ['file:///data#part', /takes no # part/],
    ['file:///data%2Fbackups', /not a file URL/],
  ])('is not read from %s', (url, message) => {
    expect(() => configFromUrl(new URL(url))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    )
  })

  test.each([
    undefined,
    {},
    { path: '' },
    { path: 7 },
    { path: 'relative' },
    { path: '/a\0b' },
    { path: '/a', size: 1 },
  ])('is refused if it is %j', (config) => {
    expect(() => checkConfig(config)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(configSchema['~standard'].validate(config)).toMatchObject({ issues: [{}] })
  })

  test('is returned by its schema', () => {
    expect(configSchema['~standard'].validate({ path: '/a/../b/' })).toEqual({
      value: { path: '/b' },
    })
  })
})
