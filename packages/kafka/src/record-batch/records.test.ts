import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import javaClient from '../../test/record-batches/java-client.json' with { type: 'json' }
import librdkafka from '../../test/record-batches/librdkafka.json' with { type: 'json' }
import { compressionCodecs } from './compression.ts'
import { encodeBatch, readdressBatch } from './encode.ts'
import type { UnnumberedRecord } from './encode-records.ts'
import { type BatchHeader, checkBatch, walkBatches } from './header.ts'
import { decodeRecords } from './records.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const producer = { producerId: 4711n, producerEpoch: 3, sequence: 17 }

function onlyBatch(batch: Uint8Array): BatchHeader {
  const [header, ...more] = [...walkBatches(batch)]
  expect(more).toEqual([])
  if (header === undefined) throw new Error('no batch')
  checkBatch(batch, header)
  return header
}

/** Views of one buffer compare unequal to copies in vitest; plain arrays do not. */
function plain(records: readonly UnnumberedRecord[]): unknown {
  const list = (value: Uint8Array | null): number[] | null => (value === null ? null : [...value])
  return records.map(({ timestamp, key, value, headers }) => ({
    timestamp,
    key: list(key),
    value: list(value),
    headers: headers.map((header) => [list(header.key), list(header.value)]),
  }))
}

const anyBytes = fc.uint8Array({ maxLength: 40 })
const anyTimestamp = fc.oneof(
  fc.constantFrom(-1n, 0n, 2n ** 53n - 1n, 1_700_000_000_000n),
  fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n }),
)
const anyRecord: fc.Arbitrary<UnnumberedRecord> = fc.record({
  timestamp: anyTimestamp,
  key: fc.option(anyBytes),
  value: fc.option(fc.oneof(anyBytes, fc.uint8Array({ minLength: 100, maxLength: 3000 }))),
  headers: fc.array(fc.record({ key: anyBytes, value: fc.option(anyBytes) }), { maxLength: 4 }),
})

describe.each(compressionCodecs)('records compressed with %s', (codec) => {
  test('come back as they were encoded', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 30 }), (records) => {
        const batch = encodeBatch(records, codec, producer)
        const header = onlyBatch(batch)
        const decoded = decodeRecords(batch, header)

        expect(plain(decoded)).toEqual(plain(records))
        expect(decoded.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
        expect(header).toMatchObject({ ...producerFields, codec, records: records.length })
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['the Java client', javaClient, 0n],
    ['librdkafka', librdkafka, 1n],
  ])('are read as %s wrote them', (_client, batches, earliest) => {
    const batch = Buffer.from(batches[codec], 'base64')
    const decoded = decodeRecords(batch, onlyBatch(batch))

    expect(plain(decoded)).toEqual(
      plain([
        record(1_700_000_000_000n, null, 'null key'),
        record(1_695_000_000_000n, 'tombstone', null),
        {
          ...record(earliest, '', ''),
          headers: [
            { key: bytes('a'), value: new Uint8Array([1, 2]) },
            { key: bytes('a'), value: null },
            { key: bytes(''), value: bytes('') },
          ],
        },
        record(1_705_000_000_000n, 'big', codec === 'none' ? 'small' : 'x'.repeat(150_000)),
      ]),
    )
  })

  test('never read or allocate beyond a damaged batch: it is refused or decodes to something', () => {
    const batch = Buffer.from(javaClient[codec], 'base64').subarray(0, 1200)
    batch.writeInt32BE(batch.length - 12, 8)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(batch.length - 62), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (flips) => {
          const damaged = Buffer.from(batch)
          for (const [position, value] of flips) damaged[61 + position] = value
          const header = [...walkBatches(damaged)][0]
          if (header === undefined) throw new Error('no batch')
          try {
            decodeRecords(damaged, header)
          } catch (error) {
            expect(error).toMatchObject({ code: 'KAFKA_DATA_CORRUPT' })
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

const producerFields = {
  baseOffset: 0,
  leaderEpoch: -1,
  producerId: 4711n,
  producerEpoch: 3,
  baseSequence: 17,
  timestampType: 'create',
  isTransactional: false,
  isControl: false,
}

function record(timestamp: bigint, key: string | null, value: string | null): UnnumberedRecord {
  return {
    timestamp,
    key: key === null ? null : bytes(key),
    value: value === null ? null : bytes(value),
    headers: [],
  }
}

describe('the records of a batch', () => {
  test('a timestamp delta of more than 32 bits is kept, also a negative one', () => {
    const records = [
      record(0n, 'a', 'a'),
      record(2n ** 40n, 'b', 'b'),
      record(-(2n ** 52n), 'c', 'c'),
    ]
    const batch = encodeBatch(records, 'none', producer)
    expect(decodeRecords(batch, onlyBatch(batch)).map(({ timestamp }) => timestamp)).toEqual([
      0n,
      2n ** 40n,
      -(2n ** 52n),
    ])
  })

  test('records of a LogAppendTime batch have the time of the append', () => {
    const batch = encodeBatch([record(5n, 'a', 'a'), record(9n, 'b', 'b')], 'none', producer)
    const header = { ...onlyBatch(batch), timestampType: 'log-append' as const, maxTimestamp: 77n }
    expect(decodeRecords(batch, header).map(({ timestamp }) => timestamp)).toEqual([77n, 77n])
  })

  test('a batch that counts more records than it has room for is refused before anything is allocated', () => {
    const batch = encodeBatch([record(5n, 'a', 'a')], 'none', producer)
    const header = { ...onlyBatch(batch), records: 2 ** 31 - 1 }
    expect(() => decodeRecords(batch, header)).toThrow(/as many records as it says/)
  })

  test('a batch with bytes after its last record is refused', () => {
    const batch = encodeBatch([record(5n, 'a', 'a'), record(6n, 'b', 'b')], 'none', producer)
    expect(() => decodeRecords(batch, { ...onlyBatch(batch), records: 1 })).toThrow(
      /cannot be read/,
    )
  })
})

describe('readdressing a stored batch', () => {
  test('keeps the records section and the time, and of the attributes only the compression', () => {
    const stored = encodeBatch([record(5n, 'a', 'a'), record(6n, 'b', 'b')], 'gzip', producer)
    stored.writeBigInt64BE(123_456n, 0)
    stored.writeInt16BE(0x171, 21)
    stored.writeUInt32BE(crc32c(stored.subarray(21)), 17)
    const sent = Buffer.from(stored)
    readdressBatch(sent, { producerId: 1n, producerEpoch: 0, sequence: 2 ** 31 - 1 })

    expect(onlyBatch(sent)).toMatchObject({
      baseOffset: 0,
      attributes: 1,
      producerId: 1n,
      producerEpoch: 0,
      baseSequence: 2 ** 31 - 1,
      leaderEpoch: -1,
      baseTimestamp: 5n,
      maxTimestamp: 6n,
      records: 2,
    })
    expect(sent.subarray(61).equals(stored.subarray(61))).toBe(true)
  })

  const anySequence = fc.nat(2 ** 31 - 1)
  const anyState = fc.record({
    producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    producerEpoch: fc.nat(2 ** 15 - 1),
    sequence: anySequence,
  })
  const anySection = fc.uint8Array({ minLength: 1, maxLength: 5000 })

  test('derives the checksum that the whole batch has, whatever it holds', () => {
    fc.assert(
      fc.property(anySection, anyState, fc.nat(0x7f), (section, state, attributes) => {
        const batch = Buffer.concat([
          encodeBatch([record(5n, 'a', 'a')], 'none', producer),
          section,
        ])
        batch.writeInt16BE(attributes, 21)
        batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
        readdressBatch(batch, state)
        expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)))
      }),
    )
  })

  test('leaves the checksum wrong if any byte of the records was changed', () => {
    fc.assert(
      fc.property(anySection, anyState, fc.nat(), (section, state, place) => {
        const batch = encodeBatch(
          [{ ...record(5n, 'a', 'a'), value: Buffer.from(section) }],
          'none',
          producer,
        )
        const at = 61 + (place % (batch.length - 61))
        batch.writeUInt8(batch.readUInt8(at) ^ 0x10, at)
        readdressBatch(batch, state)
        expect(batch.readUInt32BE(17)).not.toBe(crc32c(batch.subarray(21)))
      }),
    )
  })
})
