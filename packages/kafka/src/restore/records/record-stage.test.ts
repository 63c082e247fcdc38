import { describe, expect, test } from 'vitest'
import { type StoredRecord, storedBatch } from '../../../test/stored-batch.ts'
import { type BackupChunk, batchesOfChunk } from '../../reading/chunk-batches.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'
import { outgoingBatches } from './outgoing-batches.ts'
import {
  addOriginalOffset,
  dropHeaders,
  type RecordTransform,
  transformChunks,
} from './record-stage.ts'

const header = (name: string, value: string | null) => ({
  key: Buffer.from(name),
  value: value === null ? null : Buffer.from(value),
})

function record(offset: number, headers: KafkaRecord['headers'] = []): StoredRecord {
  return {
    offset,
    timestamp: BigInt(1000 + offset),
    key: Buffer.from(String(offset)),
    value: Buffer.from('value'),
    headers,
  }
}

/** A chunk of partition 0 with these batches. */
function chunkOf(...batches: readonly Buffer[]): BackupChunk {
  const raw = Buffer.concat(batches)
  const place = { key: 'orders/segment.kan', from: 0, to: raw.length }
  const span = { from: 0, next: Number.MAX_SAFE_INTEGER }
  const chunk = { partition: 0, raw, place, span, isAborted: () => false }
  return { partition: 0, memory: raw, batches: batchesOfChunk(chunk, {}) }
}

async function* chunksOf(...chunks: readonly BackupChunk[]): AsyncGenerator<BackupChunk, void> {
  yield* chunks
}

async function transformed(
  chunk: BackupChunk,
  ...transforms: readonly RecordTransform[]
): Promise<readonly { readonly asStored: boolean; readonly offsets: readonly number[] }[]> {
  const [only] = await Array.fromAsync(transformChunks(chunksOf(chunk), transforms))
  return Array.from(only?.batches ?? [], (batch) => ({
    asStored: batch.asStored,
    offsets: batch.records().map(({ offset }) => offset),
  }))
}

describe('dropHeaders', () => {
  test('drops every header of a name and keeps the others in their order', () => {
    const headers = [
      header('a', '1'),
      header('trace', '2'),
      header('b', null),
      header('trace', null),
      header('span', ''),
      header('a', '3'),
    ]
    const before = record(7, headers)
    const after = dropHeaders(['trace', 'span'])(before)

    expect(after).toEqual({
      ...before,
      headers: [header('a', '1'), header('b', null), header('a', '3')],
    })
  })

  test('compares names byte by byte', () => {
    const headers = [header('Trace', '1'), header('trace ', '2'), header('tracé', '3')]
    expect(dropHeaders(['trace', 'tracé'])(record(0, headers))?.headers).toEqual(
      headers.slice(0, 2),
    )
  })

  test('returns a record without such a header as it is', () => {
    const before = record(0, [header('a', '1')])
    expect(dropHeaders(['trace'])(before)).toBe(before)
  })
})

describe('addOriginalOffset', () => {
  test('addOriginalOffset appends the offset in the backed-up topic as decimal text', () => {
    const headers = [header('offset', '3')]
    expect(addOriginalOffset('offset')(record(1234, headers))?.headers).toEqual([
      ...headers,
      header('offset', '1234'),
    ])
  })
})

describe('the stage of the records', () => {
  test('hands chunks through untouched where there are no transforms', async () => {
    const chunks = chunksOf(chunkOf(storedBatch([record(0)])))
    expect(transformChunks(chunks, [])).toBe(chunks)
  })

  test('keeps a batch in which nothing changes as it is stored', async () => {
    const chunk = chunkOf(
      storedBatch([record(0), record(1)], { codec: 'zstd' }),
      storedBatch([record(2), record(3, [header('trace', '1')])]),
    )
    expect(await transformed(chunk, dropHeaders(['trace']))).toEqual([
      { asStored: true, offsets: [0, 1] },
      { asStored: false, offsets: [2, 3] },
    ])
  })

  test('leaves out records, and batches without any record left', async () => {
    const odd: RecordTransform = (one) => (one.offset % 2 === 1 ? one : undefined)
    const chunk = chunkOf(storedBatch([record(0)]), storedBatch([record(1), record(2), record(3)]))
    expect(await transformed(chunk, odd)).toEqual([{ asStored: false, offsets: [1, 3] }])
  })

  test('counts the headers that were dropped and added, by batch', async () => {
    const counted: unknown[] = []
    const chunk = chunkOf(
      storedBatch([record(0, [header('trace', '1'), header('trace', '2')]), record(1)]),
      storedBatch([record(2, [header('a', '1'), header('trace', '1')])]),
    )
    const transforms = [dropHeaders(['trace']), addOriginalOffset('offset')]
    const staged = transformChunks(chunksOf(chunk), transforms, undefined, (changes) =>
      counted.push(changes),
    )
    for await (const { batches } of staged) Array.from(batches)

    expect(counted).toEqual([
      { headersDropped: 2, headersAdded: 2 },
      { headersDropped: 1, headersAdded: 1 },
    ])
  })

  test('applies transforms in their order, and none to a record that is left out', async () => {
    const seen: string[] = []
    const first: RecordTransform = (one) => {
      seen.push(`first ${one.offset}`)
      return one.offset === 0 ? undefined : { ...one, key: null }
    }
    const second: RecordTransform = (one) => {
      seen.push(`second ${one.offset} ${one.key === null ? 'null' : 'a key'}`)
      return one
    }
    await transformed(chunkOf(storedBatch([record(0), record(1)])), first, second)
    expect(seen).toEqual(['first 0', 'first 1', 'second 1 null'])
  })

  test('has a changed batch encoded again, compressed as it was', async () => {
    const chunk = chunkOf(storedBatch([record(0, [header('trace', '1')])], { codec: 'gzip' }))
    const [staged] = await Array.fromAsync(
      transformChunks(chunksOf(chunk), [dropHeaders(['trace'])]),
    )
    const outgoing = Array.from(staged?.batches ?? []).flatMap((batch) =>
      outgoingBatches(batch, Number.POSITIVE_INFINITY).map(({ path }) => [
        path,
        batch.header.codec,
      ]),
    )
    expect(outgoing).toEqual([['re-encoded', 'gzip']])
  })

  test('reports a batch that cannot be decoded as damage, and goes on after it', async () => {
    const unreadable = storedBatch([record(0)], { codec: 'gzip' })
    unreadable.fill(0xff, 61)
    const damage: unknown[] = []
    const chunk = chunkOf(unreadable, storedBatch([record(1)]))
    const staged = transformChunks(chunksOf(chunk), [dropHeaders(['trace'])], (one) =>
      damage.push(one),
    )
    const offsets: number[] = []
    for await (const { batches } of staged) {
      for (const batch of batches) offsets.push(batch.header.baseOffset)
    }
    expect(offsets).toEqual([1])
    expect(damage).toMatchObject([{ key: 'orders/segment.kan' }])
    await expect(transformed(chunk, dropHeaders(['trace']))).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
    })
  })
})
