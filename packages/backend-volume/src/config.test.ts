import { expect, test } from 'vitest'
import { checkConfig, configFromUrl, configSchema } from './config.ts'

test.each([
  ['file:///data/backups', '/data/backups'],
  ['file:///data/backups/', '/data/backups'],
  ['file://localhost/data', '/data'],
  ['file:///data/a%20b%23c', '/data/a b#c'],
  ['file:///', '/'],
])('%s is the folder %s', (url, path) => {
  expect(configFromUrl(new URL(url))).toEqual({ path })
})

test('the access of a group is an option of the URL', () => {
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
])('%s is refused', (url, message) => {
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
])('the configuration %j is refused', (config) => {
  expect(() => checkConfig(config)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(configSchema['~standard'].validate(config)).toMatchObject({ issues: [{}] })
})

test('a schema gives the checked configuration', () => {
  expect(configSchema['~standard'].validate({ path: '/a/../b/' })).toEqual({
    value: { path: '/b' },
  })
})
