import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type StoredBatchOptions,
  type StoredRecord,
  storedBatch,
} from '../../../test/stored-batch.ts'
import { type BackupBatch, selectBatch } from '../../reading/backup-batch.ts'
import type { RestoreWindow } from '../../reading/window.ts'
import { compressionCodecs } from '../../record-batch/compression.ts'
import { batchHeaderBytes, checkBatch, walkBatches } from '../../record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../../record-batch/records.ts'
import { outgoingBatches } from './outgoing-batches.ts'

const noLimit = Number.POSITIVE_INFINITY

function records(offsets: readonly number[], valueBytes = 5): StoredRecord[] {
  return offsets.map((offset) => ({
    offset,
    timestamp: BigInt(1000 + offset),
    key: Buffer.from(String(offset)),
    value: Buffer.alloc(valueBytes, offset),
    headers: [],
  }))
}

function backupBatch(
  stored: readonly StoredRecord[],
  options: StoredBatchOptions = {},
  window: RestoreWindow = {},
): BackupBatch {
  const bytes = storedBatch(stored, options)
  const [header] = walkBatches(bytes)
  const selected =
    header === undefined
      ? undefined
      : selectBatch(0, bytes, header, {
          window,
          from: 0,
          next: Number.MAX_SAFE_INTEGER,
          isAborted: () => false,
          explain: (error) => error,
        })
  if (selected === undefined) throw new Error('nothing to be seen')
  return selected
}

interface Sent {
  readonly path: string
  readonly bytes: Buffer
  readonly records: readonly KafkaRecord[]
}

/** Stamps the batches as a producer would, and reads them as a broker would. */
function send(batch: BackupBatch, maxBatchBytes = noLimit): Sent[] {
  let sequence = 7
  return outgoingBatches(batch, maxBatchBytes).map((outgoing) => {
    const bytes = outgoing.stamp({ producerId: 4711n, producerEpoch: 2, sequence })
    const [header, ...others] = walkBatches(bytes)
    if (header === undefined) throw new Error('no batch')
    checkBatch(bytes, header)
    expect(others).toEqual([])
    expect(outgoing).toMatchObject({ records: header.records, bytes: bytes.length })
    // What a broker demands of an idempotent producer (LogValidator).
    expect(header).toMatchObject({
      baseOffset: 0,
      leaderEpoch: -1,
      producerId: 4711n,
      producerEpoch: 2,
      baseSequence: sequence,
      lastOffsetDelta: header.records - 1,
      attributes: compressionCodecs.indexOf(header.codec),
    })
    sequence += header.records
    return { path: outgoing.path, bytes, records: decodeRecords(bytes, header) }
  })
}

function content(all: readonly KafkaRecord[]): unknown {
  return all.map(({ timestamp, key, value }) => [
    timestamp,
    Buffer.from(key ?? []).toString(),
    value?.length,
  ])
}

describe('a batch goes as it is', () => {
  test.each(compressionCodecs)('compressed with %s, its records section untouched', (codec) => {
    const batch = backupBatch(records([40, 41, 42], 500), { codec, producerId: 9n })
    const section = Buffer.from(batch.bytes.subarray(batchHeaderBytes))

    const [only, ...others] = send(batch)
    expect(others).toEqual([])
    expect(only?.path).toBe('verbatim')
    expect(only?.bytes.subarray(batchHeaderBytes).equals(section)).toBe(true)
    expect(content(only?.records ?? [])).toEqual(content(records([40, 41, 42], 500)))
  })

  test('without the delete horizon, which is its base timestamp: the times stay right', () => {
    const batch = backupBatch(records([3, 4]), { deleteHorizon: 999_999n })
    expect(batch.header.hasDeleteHorizon).toBe(true)

    const [only] = send(batch)
    expect(only?.path).toBe('verbatim')
    expect(content(only?.records ?? [])).toEqual(content(records([3, 4])))
  })
})

describe('a batch is encoded again', () => {
  test.each([
    ['from one with holes', {}, {}, [1, 2, 5]],
    ['from one whose end was compacted away', { lastOffset: 9 }, {}, [1, 2]],
    ['from the records in the window', {}, { sinceMs: 1002 }, [1, 2, 3]],
  ])('%s', (_name, options, window, offsets) => {
    const batch = backupBatch(records(offsets), { codec: 'gzip', ...options }, window)
    const [only, ...others] = send(batch)

    expect(others).toEqual([])
    expect(only?.path).toBe('re-encoded')
    expect(content(only?.records ?? [])).toEqual(content(batch.records()))
    expect(only?.bytes.readInt16BE(21)).toBe(compressionCodecs.indexOf('gzip'))
  })

  test('with the time of the append in every record', () => {
    const [only] = send(backupBatch(records([1, 2]), { appendTime: 77n }))
    expect(only?.records.map(({ timestamp }) => timestamp)).toEqual([77n, 77n])
  })

  test('in parts that fit, each record once and in order', () => {
    const anyCodec = fc.constantFrom(...compressionCodecs)
    fc.assert(
      fc.property(
        anyCodec,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(5000),
        (codec, count, spare) => {
          const stored = records(
            Array.from({ length: count }, (_, index) => index * 2),
            100,
          )
          // The largest batch of one record that there can be here, and what may be spared.
          const limit = 61 + 160 + spare
          const sent = send(backupBatch(stored, { codec }), limit)

          for (const { bytes } of sent) expect(bytes.length).toBeLessThanOrEqual(limit)
          expect(content(sent.flatMap((part) => part.records))).toEqual(content(stored))
        },
      ),
    )
  })

  test('in parts also where it could go as it is but for its size', () => {
    const sent = send(backupBatch(records([0, 1, 2, 3], 1000)), 2500)
    expect(sent.map((part) => [part.path, part.records.length])).toEqual([
      ['re-encoded', 2],
      ['re-encoded', 2],
    ])
  })

  test('the same way each time, because a producer that begins again must repeat itself', () => {
    const make = (): string[] =>
      send(backupBatch(records([0, 2, 4, 6, 8], 300), { codec: 'zstd' }), 115).map(({ bytes }) =>
        bytes.toString('hex'),
      )
    expect(make().length).toBeGreaterThan(1)
    expect(make()).toEqual(make())
  })
})

describe('a record that fits into no batch', () => {
  test('a record that is too large alone is refused, by its place in the backup', () => {
    expect(() => send(backupBatch(records([5, 6], 3000)), 2000)).toThrow(
      expect.objectContaining({
        code: 'KAFKA_RECORD_REJECTED',
        facts: expect.objectContaining({ partition: 0, offset: 5 }),
      }),
    )
  })
})
