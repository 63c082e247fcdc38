import type { Damage } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  keyedRecords,
  type StoredBatchOptions,
  type StoredRecord,
  storedBatch,
} from '../../../test/stored-batch.ts'
import { type BackupBatch, selectBatch } from '../../reading/backup-batch.ts'
import { corrupt } from '../../reading/chunk-batches.ts'
import type { RestoreWindow } from '../../reading/window.ts'
import { compressionCodecs } from '../../record-batch/compression.ts'
import { checkBatch, walkBatches } from '../../record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../../record-batch/records.ts'
import { mergeSmallBatches } from './merge-batches.ts'
import { outgoingBatches } from './outgoing-batches.ts'

const place = { key: 'topics/orders/1.kan', from: 68, to: 1000 }

function backupBatch(
  records: readonly StoredRecord[],
  options: StoredBatchOptions & { readonly window?: RestoreWindow } = {},
): BackupBatch {
  return selected(storedBatch(records, options), options.window)
}

function selected(bytes: Buffer, window: RestoreWindow = {}): BackupBatch {
  const [header] = walkBatches(bytes)
  if (header === undefined) throw new Error('no batch')
  const batch = selectBatch(3, bytes, header, {
    window,
    from: 0,
    next: Number.MAX_SAFE_INTEGER,
    isAborted: () => false,
    explain: () => corrupt({ ...place, reason: 'unreadable' }),
  })
  if (batch === undefined) throw new Error('no record is selected')
  return batch
}

/** One batch per record. */
function single(offsets: readonly number[], options: StoredBatchOptions = {}): BackupBatch[] {
  return keyedRecords(offsets).map((record) => backupBatch([record], options))
}

function merge(batches: readonly BackupBatch[], maxBatchBytes = 1_000_000): BackupBatch[] {
  return [...mergeSmallBatches(batches, { maxBatchBytes })]
}

/** Sends the batches as a producer would, and reads them as a broker would. */
function arrived(batches: readonly BackupBatch[], maxBatchBytes = 1_000_000): KafkaRecord[] {
  let sequence = 0
  return batches.flatMap((batch) =>
    // A batch is changed where it is when it is sent.
    outgoingBatches({ ...batch, bytes: Buffer.from(batch.bytes) }, maxBatchBytes).flatMap(
      (outgoing) => {
        const bytes = outgoing.stamp({ producerId: 4711n, producerEpoch: 2, sequence })
        const [header] = walkBatches(bytes)
        if (header === undefined) throw new Error('no batch')
        checkBatch(bytes, header)
        expect(bytes.length).toBeLessThanOrEqual(maxBatchBytes)
        expect(header).toMatchObject({
          baseSequence: sequence,
          lastOffsetDelta: header.records - 1,
        })
        const first = sequence
        sequence += header.records
        return decodeRecords(bytes, header).map((record) => ({
          ...record,
          offset: first + record.offset,
        }))
      },
    ),
  )
}

/** The records as the target must have them: numbered from 0 without holes. */
function renumbered(batches: readonly BackupBatch[]): KafkaRecord[] {
  return batches
    .flatMap((batch) => batch.records())
    .map((record, offset) => ({ ...record, offset }))
}

const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const anyTimestamp = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, 2n ** 53n + 1n),
  fc.bigInt({ min: 1_700_000_000_000n, max: 1_700_000_100_000n }),
)
const anyRecord = fc.record({
  timestamp: anyTimestamp,
  key: fc.option(anyBytes),
  value: fc.option(anyBytes),
  headers: fc.array(fc.record({ key: anyBytes, value: fc.option(anyBytes) }), { maxLength: 3 }),
  /** How many offsets compaction removed before it. */
  missing: fc.constantFrom(0, 0, 0, 1, 1000),
})
const anyBatch = fc.record({
  records: fc.array(anyRecord, { minLength: 1, maxLength: 40 }),
  codec: fc.constantFrom('none', 'none', 'none', ...compressionCodecs),
  producerId: fc.option(fc.constant(9n), { nil: undefined }),
  appendTime: fc.option(anyTimestamp, { nil: undefined }),
  deleteHorizon: fc.option(anyTimestamp, { nil: undefined }),
})
const anyBatches = fc.array(anyBatch, { minLength: 1, maxLength: 30 }).map((sketches) => {
  let offset = 0
  return sketches.map(({ records, codec, producerId, appendTime, deleteHorizon }) => {
    const stored = records.map(({ missing, ...record }) => {
      offset += missing + 1
      return { ...record, offset: offset - 1 }
    })
    return backupBatch(stored, {
      codec,
      ...(producerId === undefined ? {} : { producerId }),
      ...(appendTime === undefined ? {} : { appendTime }),
      ...(deleteHorizon === undefined ? {} : { deleteHorizon }),
    })
  })
})

describe('small batches that are neighbours', () => {
  test('are merged into one, with its records in order', () => {
    const batches = single([5, 6, 7, 8])
    const merged = merge(batches)

    expect(merged).toHaveLength(1)
    expect(merged[0]?.partition).toBe(3)
    expect(arrived(merged)).toEqual(renumbered(batches))
  })

  test('are merged also if producers compressed them, and stay compressed', () => {
    const batches = single([5, 6, 7, 8], { codec: 'lz4' })
    const [only, ...others] = merge(batches)

    expect(others).toEqual([])
    expect(only?.header.codec).toBe('lz4')
    expect(arrived(only === undefined ? [] : [only])).toEqual(renumbered(batches))
  })

  test('are merged also if transactions wrote them, or compaction removed offsets between', () => {
    const batches = [...single([5], { producerId: 9n }), ...single([8, 9], { lastOffset: 12 })]
    expect(merge(batches)).toHaveLength(1)
    expect(arrived(merge(batches))).toEqual(renumbered(batches))
  })

  test('keep the time of the append, each its own', () => {
    const batches = [...single([0], { appendTime: 70n }), ...single([1], { appendTime: 80n })]
    expect(arrived(merge(batches)).map(({ timestamp }) => timestamp)).toEqual([70n, 80n])
  })

  test('lose the delete horizon, which is no time of a record', () => {
    const batches = single([0, 1], { deleteHorizon: 999_999n })
    expect(arrived(merge(batches))).toEqual(renumbered(batches))
  })

  test('give only those of their records that were selected', () => {
    const window = { sinceMs: 1_700_000_000_001 }
    const batches = [[0, 1], [2]].map((offsets) => backupBatch(keyedRecords(offsets), { window }))
    expect(arrived(merge(batches)).map(({ key }) => String(key))).toEqual(['key 1', 'key 2'])
  })

  test('arrive as the same records, whatever they hold', () => {
    fc.assert(
      fc.property(anyBatches, fc.integer({ min: 4000, max: 200_000 }), (batches, limit) => {
        expect(arrived(merge(batches, limit), limit)).toEqual(renumbered(batches))
      }),
    )
  })
})

describe('batches that are not merged', () => {
  test('a batch alone stays as it is', () => {
    const [batch, ...others] = merge(single([5]))
    expect(others).toEqual([])
    expect(batch?.asStored).toBe(true)
  })

  test('a batch alone does not hold its decoded records', () => {
    const [alone] = single([5])
    if (alone === undefined) throw new Error('no batch')
    expect(merge([alone])).toEqual([alone])
    expect(merge([alone])[0]).toBe(alone)
  })

  test.each([
    ['of many records', keyedRecords(Array.from({ length: 33 }, (_, offset) => offset + 2)), {}],
    ['of many bytes', keyedRecords([2], { value: Buffer.alloc(40_000) }), {}],
    [
      'of many bytes that compression makes few',
      keyedRecords([2], { value: Buffer.alloc(200_000) }),
      { codec: 'zstd' },
    ],
  ] as const)(
    'a batch %s stays as it is, and those around it are merged',
    (_, records, options) => {
      const large = backupBatch(records, options)
      const [before, after] = [single([0, 1], options), single([50, 51], options)]
      const merged = merge([...before, large, ...after])

      expect(merged.map(({ asStored }) => asStored)).toEqual([false, true, false])
      expect(merged[1]?.bytes).toBe(large.bytes)
      expect(arrived(merged)).toEqual(renumbered([...before, large, ...after]))
    },
  )

  test('compressed batches that are not very small stay as they are', () => {
    const value = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * index) % 251))
    const noise = Buffer.concat([value, value.map((byte, index) => (byte * index) % 253)])
    const batches = [0, 1].map((offset) =>
      backupBatch(keyedRecords([offset], { value: noise }), { codec: 'snappy' }),
    )
    expect(merge(batches).map(({ asStored }) => asStored)).toEqual([true, true])
  })

  test('batches of another compression begin a new one', () => {
    const batches = [
      ...single([0, 1]),
      ...single([2, 3], { codec: 'gzip' }),
      ...single([4, 5], { codec: 'zstd' }),
    ]
    const merged = merge(batches)
    expect(merged.map(({ header }) => header.codec)).toEqual(['none', 'gzip', 'zstd'])
    expect(arrived(merged)).toEqual(renumbered(batches))
  })

  test('merged batches stay below 128 KiB, and below what the target accepts', () => {
    const value = Buffer.alloc(1000)
    const batches = Array.from({ length: 300 }, (_, offset) =>
      backupBatch(keyedRecords([offset], { value })),
    )
    const sizes = (limit: number): number[] =>
      merge(batches, limit).map((batch) => {
        const [only, ...others] = outgoingBatches(batch, limit)
        expect(others).toEqual([])
        return only?.bytes ?? 0
      })
    expect(Math.max(...sizes(1_000_000))).toBeLessThanOrEqual(128 * 1024)
    expect(Math.min(...sizes(1_000_000).slice(0, -1))).toBeGreaterThan(120 * 1024)
    expect(Math.max(...sizes(10_000))).toBeLessThanOrEqual(10_000)
  })
})

describe('a small batch that cannot be decoded', () => {
  function unreadable(): BackupBatch {
    const bytes = storedBatch(keyedRecords([1]))
    bytes.writeInt32BE(7, 57)
    return selected(bytes)
  }

  test('is reported and left out, and those around it are merged', () => {
    const damage: Damage[] = []
    const [before, after] = [single([0]), single([2])]
    const merged = [
      ...mergeSmallBatches([...before, unreadable(), ...after], {
        maxBatchBytes: 1_000_000,
        onDamage: (found) => damage.push(found),
      }),
    ]
    expect(arrived(merged)).toEqual(renumbered([...before, ...after]))
    expect(damage).toEqual([{ ...place, reason: 'unreadable' }])
  })

  test('is thrown also if only its checksum is wrong', () => {
    const bytes = storedBatch(keyedRecords([1], { value: Buffer.alloc(100, 'a') }))
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20)
    expect(() => merge([...single([0]), selected(bytes)])).toThrow(KanneryError)
  })

  test('is thrown if damage may not be left out', () => {
    expect(() => merge([...single([0]), unreadable()])).toThrow(KanneryError)
  })
})
