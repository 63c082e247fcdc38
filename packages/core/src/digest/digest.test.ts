import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { combineCrc32c, crc32c, crc32cOfFew } from './crc32c.ts'
import { formatDigest, parseDigest, RunningDigest } from './digest.ts'

describe('CRC-32C digests', () => {
  test('the checksum is the one of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  })

  test('the checksum of a few bytes in a buffer is that of a view of them', () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(anyBytes, fc.nat(), fc.nat(), fc.nat(0xffffffff), (bytes, one, other, before) => {
        const start = one % (bytes.length + 1)
        const end = start + (other % (bytes.length - start + 1))
        const expected = crc32c(bytes.subarray(start, end), before)
        expect(crc32cOfFew(bytes, start, end, before)).toBe(expected)
      }),
    )
  })

  test('checksums of parts combine to the checksum of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 3000 }), (a, b) => {
        const whole = crc32c(Buffer.concat([a, b]))
        expect(crc32c(b, crc32c(a))).toBe(whole)
        expect(combineCrc32c(crc32c(a), crc32c(b), b.length)).toBe(whole)
      }),
    )
  })

  test('lengths far beyond 32 bits combine: twice the length is the length twice', () => {
    const part = crc32c(Buffer.from('abcd'))
    let block = crc32c(Buffer.alloc(4096, 7))
    for (let length = 4096; length < 2 ** 45; length *= 2) {
      const inTurn = combineCrc32c(combineCrc32c(part, block, length), block, length)
      block = combineCrc32c(block, block, length)
      expect(combineCrc32c(part, block, 2 * length)).toBe(inTurn)
    }
  })

  test('a running digest is the same for bytes that were read and for known checksums', () => {
    const bytes = Buffer.from('some bytes of a segment')
    const read = new RunningDigest()
    read.update(bytes)
    const known = new RunningDigest()
    known.update(bytes.subarray(0, 4))
    known.updateKnown(crc32c(bytes.subarray(4)), bytes.length - 4)

    expect(known.digest).toBe(formatDigest(crc32c(bytes)))
    expect(known.checksum).toBe(crc32c(bytes))
    expect([known.digest, known.bytes]).toEqual([read.digest, read.bytes])
  })

  test('the text form goes there and back, and nothing else is taken for it', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (checksum) => {
        expect(parseDigest(formatDigest(checksum))).toBe(checksum)
      }),
    )
    expect(formatDigest(0x1a2b)).toBe('crc32c:00001a2b')
    for (const text of ['', 'crc32c:', 'crc32c:1A2B3C4D', 'crc32c:1a2b3c4d5', 'sha256:1a2b3c4d']) {
      expect(parseDigest(text)).toBeUndefined()
    }
  })
})
