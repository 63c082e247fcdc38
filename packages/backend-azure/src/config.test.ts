import { describe, expect, test } from 'vitest'
import { type AzureConfig, accountOf, checkConfig, configFromUrl } from './config.ts'
import { locationOf } from './object-names.ts'

const cloud = 'https://acme.blob.core.windows.net'
const azurite = 'http://127.0.0.1:10000/devstoreaccount1'

describe('the configuration of Azure Blob Storage', () => {
  test.each<[string, AzureConfig, string, string]>([
    [`${cloud}/backups`, { endpoint: cloud, container: 'backups' }, `${cloud}/backups`, 'acme'],
    [`${cloud}/backups/`, { endpoint: cloud, container: 'backups' }, `${cloud}/backups`, 'acme'],
    [
      `${cloud}/backups/prod/eu/`,
      { endpoint: cloud, container: 'backups', prefix: 'prod/eu' },
      `${cloud}/backups/prod/eu`,
      'acme',
    ],
    [
      `${cloud}/backups/50%25%20ü%3F`,
      { endpoint: cloud, container: 'backups', prefix: '50% ü?' },
      `${cloud}/backups/50%25%20ü%3F`,
      'acme',
    ],
    [
      `${azurite}/backups/prod`,
      { endpoint: azurite, container: 'backups', prefix: 'prod' },
      `${azurite}/backups/prod`,
      'devstoreaccount1',
    ],
    [
      'http://azurite:10000/acme/backups',
      { endpoint: 'http://azurite:10000/acme', container: 'backups' },
      'http://azurite:10000/acme/backups',
      'acme',
    ],
  ])('is read from %s', (url, config, location, account) => {
    expect(configFromUrl(new URL(url))).toEqual(config)
    expect(locationOf(config)).toBe(location)
    expect(accountOf(config)).toBe(account)
    expect(configFromUrl(new URL(location))).toEqual(config)
  })

  test.each([
    cloud,
    `${cloud}/`,
    `${cloud}/Backups`,
    `${cloud}/ab`,
    `${cloud}/a--b`,
    `${cloud}//backups`,
    `${cloud}/backups//prod`,
    `${cloud}/backups/%zz`,
    `${cloud}/backups/a%2Fb`,
    `${cloud}/backups/a#b`,
    'http://127.0.0.1:10000/devstoreaccount1',
  ])('is not read from %s', (url) => {
    expect(() => configFromUrl(new URL(url))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  test.each([
    `${cloud}/backups?sv=2026-10-06&sig=hunter2`,
    'https://me:hunter2@acme.blob.core.windows.net/backups',
  ])('is refused without repeating the secret in %s', (url) => {
    const read = (): AzureConfig => configFromUrl(new URL(url))

    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(read).toThrow(expect.not.stringContaining('hunter2'))
  })

  test('is refused with the name of the wrong option', () => {
    expect(() => checkConfig({ endpoint: 'x', container: 'backups' })).toThrow(/endpoint/)
    expect(() => checkConfig({ endpoint: `${cloud}?sig=1`, container: 'backups' })).toThrow(
      /endpoint/,
    )
  })
})
