import { objectKey } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { checksum, type Destination, propertiesOf, sendsChecksums } from './put-object.ts'

function destination(
  config: Partial<Destination['config']>,
  options: Partial<Destination['options']> = {},
): Destination {
  const key = objectKey('k')
  return {
    bucket: 'b',
    name: 'k',
    key,
    config: { bucket: 'b', ...config },
    options: { condition: { kind: 'if-absent' }, ...options },
    attempt: { operation: 'put', key, place: 's3://b/k' },
  }
}

describe('a request that puts an object', () => {
  // https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
  test('the checksum is a CRC32C, big endian, in base 64', () => {
    expect(checksum(Buffer.from('123456789'))).toBe('4waSgw==')
  })

  test('checksums go to Amazon, and elsewhere only with an object lock', () => {
    const elsewhere = { endpoint: 'https://s3.example.com' }

    expect(sendsChecksums(destination({}))).toBe(true)
    expect(sendsChecksums(destination(elsewhere))).toBe(false)
    expect(sendsChecksums(destination(elsewhere, { retainUntil: new Date() }))).toBe(true)
  })

  test('objects get the properties that the options say', () => {
    const retainUntil = new Date('2027-01-01T00:00:00Z')
    const config = {
      serverSideEncryption: 'aws:kms',
      kmsKeyId: 'alias/backups',
      objectLockMode: 'COMPLIANCE',
    } as const

    expect(propertiesOf(destination(config, { retainUntil, contentType: 'text/yaml' }))).toEqual({
      ContentType: 'text/yaml',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'alias/backups',
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: retainUntil,
    })
    expect(propertiesOf(destination({}))).toEqual({})
  })
})
