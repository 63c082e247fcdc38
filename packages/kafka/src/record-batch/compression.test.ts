import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, compressionCodecs, decompress } from './compression.ts'

const compressible = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.nat(60)), { maxLength: 40 })
  .map((runs) =>
    Buffer.concat(runs.flatMap(([run, times]) => Array.from({ length: times }, () => run))),
  )
  .filter((data) => data.length > 0)

describe.each(compressionCodecs)('%s', (codec) => {
  test('gives back what was compressed', () => {
    fc.assert(
      fc.property(compressible, (data) => {
        const back = decompress(codec, compress(codec, data), data.length + 1)
        expect(Buffer.from(back).equals(data)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

const packed = compressionCodecs.filter((codec) => codec !== 'none')

describe.each(packed)('%s', (codec) => {
  test('more than the allowed length is refused', () => {
    const data = Buffer.alloc(5_000_000, 'ab')
    expect(decompress(codec, compress(codec, data), data.length).length).toBe(data.length)
    expect(() => decompress(codec, compress(codec, data), data.length - 1)).toThrow(
      expect.objectContaining({ code: 'KAFKA_DATA_CORRUPT' }),
    )
  })

  test('a truncated section is refused', () => {
    const section = compress(
      codec,
      Buffer.from('some words, some words, some more words'.repeat(30)),
    )
    for (let length = 0; length < section.length; length++) {
      expect(() => decompress(codec, section.subarray(0, length), 10_000)).toThrow(
        expect.objectContaining({ code: 'KAFKA_DATA_CORRUPT' }),
      )
    }
  })
})

describe('sections that other libraries compressed', () => {
  test('gzip members and zstd frames in a row are read to the last', () => {
    const parts = [Buffer.from('first, '), Buffer.from('second')]
    const gzip = Buffer.concat(parts.map((part) => gzipSync(part)))
    const zstd = Buffer.concat(parts.map((part) => zstdCompressSync(part)))
    expect(String(decompress('gzip', gzip, 100))).toBe('first, second')
    expect(String(decompress('zstd', zstd, 100))).toBe('first, second')
  })

  test('snappy in the frames of snappy-java is read, also when several streams follow each other', () => {
    const stream = (text: string): Buffer => {
      const block = compressionsAlgorithms.snappy.compressSync(Buffer.from(text))
      const header = Buffer.from([
        0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1,
      ])
      const length = Buffer.alloc(4)
      length.writeInt32BE(block.length)
      return Buffer.concat([header, length, block, length, block])
    }
    const section = Buffer.concat([stream('one '), stream('two ')])
    expect(String(decompress('snappy', section, 100))).toBe('one one two two ')
  })

  test('a snappy block that claims gigabytes is refused before they are allocated', () => {
    expect(() => decompress('snappy', Buffer.from('ffffffff0f00', 'hex'), 2 ** 40)).toThrow(
      expect.objectContaining({ why: '6 bytes cannot hold 4294967295' }),
    )
  })

  test('LZ4 blocks that refer to the block before are read', () => {
    // Two linked blocks: "abcd" as a literal, then a match of 8 bytes at distance 4 and the literal
    // "end".
    const frame = Buffer.from([
      0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, 5, 0, 0, 0, 0x40, 0x61, 0x62, 0x63, 0x64, 7, 0, 0, 0,
      0x04, 4, 0, 0x30, 0x65, 0x6e, 0x64, 0, 0, 0, 0,
    ])
    expect(String(decompress('lz4', frame, 100))).toBe('abcdabcdabcdend')
  })

  test('an LZ4 match before the beginning is refused', () => {
    const frame = Buffer.from([
      0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, 5, 0, 0, 0, 0x14, 0x61, 9, 0, 0, 0, 0, 0, 0,
    ])
    expect(() => decompress('lz4', frame, 100)).toThrow(
      expect.objectContaining({ why: 'a copy points out of the data' }),
    )
  })
})
