import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressionCodecs } from '../../record-batch/compression.ts'
import { encodeBatch } from '../../record-batch/encode.ts'
import { type BatchHeader, walkBatches } from '../../record-batch/header.ts'
import { saturatedTime } from '../../record-batch/record-time.ts'
import { decodeRecords } from '../../record-batch/records.ts'
import { leastTimestamp } from './least-timestamp.ts'

const producer = { producerId: 1n, producerEpoch: 0, sequence: 0 }

function batchOf(times: readonly bigint[], codec: (typeof compressionCodecs)[number]): Buffer {
  const records = times.map((timestamp) => ({
    timestamp,
    key: null,
    value: Buffer.alloc(Number(BigInt.asUintN(8, timestamp))),
    headers: [],
  }))
  return encodeBatch(records, codec, producer)
}

function headerOf(batch: Buffer): BatchHeader {
  const [header] = walkBatches(batch)
  if (header === undefined) throw new Error('no batch')
  return header
}

const anyTime = fc.oneof(
  fc.constantFrom(-1n, 0n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, -(2n ** 53n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  fc.bigInt({ min: 1_700_000_000_000n, max: 1_700_000_100_000n }),
)

function leastOf(times: readonly bigint[]): bigint {
  const [least = 0n] = times.toSorted((one, other) => (one < other ? -1 : 1))
  return least
}

describe('the least timestamp', () => {
  test('of an uncompressed batch is the one that decoding finds', () => {
    fc.assert(
      fc.property(fc.array(anyTime, { minLength: 1, maxLength: 20 }), (times) => {
        const batch = batchOf(times, 'none')
        const header = headerOf(batch)
        const decoded = decodeRecords(batch, header).map(({ timestamp }) => timestamp)
        expect(decoded).toEqual(times)
        expect(leastTimestamp(batch, header)).toBe(saturatedTime(leastOf(decoded)))
      }),
      // Its delta wraps around to -1.
      { examples: [[[-(2n ** 63n), 2n ** 63n - 1n]]] },
    )
  })

  test.each(compressionCodecs.slice(1))('of a batch compressed with %s is unknown', (codec) => {
    const batch = batchOf([5n, 3n], codec)
    expect(leastTimestamp(batch, headerOf(batch))).toBeNull()
  })

  test('under LogAppendTime is the time of the append, compressed or not', () => {
    const batch = batchOf([5n, 3n], 'gzip')
    batch.writeInt16BE(batch.readInt16BE(21) | 8, 21)
    batch.writeBigInt64BE(99n, 35)
    expect(leastTimestamp(batch, headerOf(batch))).toBe(99)
  })

  test('of a batch that compaction emptied does not exist', () => {
    const batch = batchOf([5n], 'none').subarray(0, 61)
    batch.writeInt32BE(49, 8)
    batch.writeInt32BE(0, 57)
    expect(leastTimestamp(batch, headerOf(batch))).toBeUndefined()
  })

  test('of bytes that are no records is unknown, and nothing after the batch is read', () => {
    const batch = batchOf([5n, 4n, 3n], 'none')
    fc.assert(
      fc.property(fc.nat(batch.length - 62), fc.nat(255), fc.nat(1000), (at, value, records) => {
        const damaged = Buffer.concat([batch, Buffer.alloc(40, 0xff)])
        damaged[61 + at] = value
        damaged.writeInt32BE(records + 1, 57)
        const header = headerOf(damaged)
        const least = leastTimestamp(damaged, header)
        expect(least === null || Number.isSafeInteger(least)).toBe(true)
        // Each record takes a byte at least.
        if (records > batch.length) expect(least).toBeNull()
      }),
    )
  })
})
