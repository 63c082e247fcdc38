import { crc32c, formatDigest } from '@kannery/core/digest'
import type { SegmentEntry } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { encodeChunk, openSegment } from '@kannery/core/segment'
import { UlidSource } from '@kannery/core/ulid'
import { KanneryError } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import {
  atCall,
  FaultyStorage,
  MemoryStorage,
  seededRandom,
  TestClock,
} from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { Semaphore } from '../../concurrency/semaphore.ts'
import { walkBatches } from '../../record-batch/header.ts'
import { ChunkMemory } from '../memory/chunk-memory.ts'
import { ChunkBuilder } from './chunk-builder.ts'
import { OpenSegment } from './open-segment.ts'
import { uploadSegment } from './upload-segment.ts'

const batch = brokerBatch({ at: 0, records: 3, value: 'precious' })
const transaction = Buffer.concat([
  brokerBatch({ at: 0, records: 3, producer: 7n }),
  brokerBatch({ at: 3, records: 2 }),
  brokerBatch({ at: 5, producer: 7n, marker: 'abort' }),
])

async function segmentOf(clock: TestClock, batches: Buffer): Promise<OpenSegment> {
  const builder = new ChunkBuilder({
    memory: new ChunkMemory(),
    clock,
    partition: 0,
    from: 0,
    checksEachBatch: false,
  })
  for (const header of walkBatches(batches)) {
    const aborted = header.isTransactional && !header.isControl
    const part = { producerId: 7n, first: 0, marker: 5 }
    builder.append(batches, header, aborted ? part : undefined, clock.now())
  }
  const raw = builder.finish()
  if (raw === undefined) throw new Error('no chunk')
  const encoded = await encodeChunk(raw.facts, raw.raw, { codec: 'none', rawCrc: raw.rawCrc })
  const segment = new OpenSegment()
  segment.add({ ...raw, encoded, rawBytes: raw.raw.length })
  return segment
}

class World {
  readonly clock = new TestClock()
  readonly memory = MemoryStorage.open({ clock: this.clock })
  readonly storage = new FaultyStorage(this.memory, { clock: this.clock })
  readonly #ids = new UlidSource({ clock: this.clock, random: seededRandom(1) })

  async upload(
    batches = batch,
    change: (segment: OpenSegment) => void = () => undefined,
  ): Promise<SegmentEntry> {
    const header = {
      format: 1,
      requires: { read: [], write: [] },
      topic: 'orders',
      topicId: 'kqJ0AAAAAAAAAAAAAAAAAA',
      cluster: 'c',
      incarnation: 2,
      epoch: 5,
      writer: 'me',
    } as const
    const destination = {
      storage: this.storage,
      clock: this.clock,
      header,
      uploads: { slots: new Semaphore(1), writerBytes: 1024 * 1024 },
      newSegmentId: () => this.#ids.next(),
    }
    const segment = await segmentOf(this.clock, batches)
    change(segment)
    const uploading = uploadSegment(destination, segment)
    return await this.clock.passUntil(uploading)
  }

  async restored({ id }: SegmentEntry): Promise<string> {
    const reader = await openSegment(this.memory, { key: topicKeys('orders').segment(id) })
    let hex = ''
    for await (const { raw } of reader.readChunks(reader.footer.chunks)) {
      hex += Buffer.from(raw).toString('hex')
    }
    return hex
  }

  get keys(): readonly string[] {
    return this.storage.faults.calls
      .filter(({ operation }) => operation === 'openWriter')
      .map(({ key }) => key)
  }
}

describe('the upload of a segment', () => {
  test('with a damaged batch commits nothing, and names the batch', async () => {
    const world = new World()
    const batches = Buffer.concat([batch, brokerBatch({ at: 3 })])
    const last = batches.length - 1
    batches.writeUInt8(batches.readUInt8(last) ^ 1, last)

    await expect(world.upload(batches)).rejects.toMatchObject({
      code: 'KAFKA_DATA_CORRUPT',
      facts: { partition: 0, offset: '3' },
    })
    expect(world.memory.keys()).toEqual([])
  })

  test('whose memory changed commits nothing', async () => {
    const world = new World()
    const uploading = world.upload(batch, ({ chunks }) => {
      const { stored } = chunks[0]?.encoded ?? { stored: new Uint8Array() }
      stored.fill((stored[70] ?? 0) ^ 1, 70, 71)
    })

    await expect(uploading).rejects.toMatchObject({ code: 'KAFKA_DATA_CORRUPT' })
    expect(world.memory.keys()).toEqual([])
  })

  test('a segment is uploaded whole, and its entry describes it', async () => {
    const world = new World()
    const entry = await world.upload()

    expect(entry).toMatchObject({
      in: 2,
      records: 3,
      offsets: { 0: [0, 3, 0] },
      captured: ['2026-11-23T07:00:00.000Z', '2026-11-23T07:00:00.000Z'],
      maxBatchBytes: batch.length,
      expires: null,
    })
    const object = await readObject(world.memory, topicKeys('orders').segment(entry.id))
    expect(object?.bytes).toHaveLength(entry.bytes)
    expect(formatDigest(crc32c(object?.bytes ?? new Uint8Array()))).toBe(entry.digest)
    expect(await world.restored(entry)).toBe(batch.toString('hex'))
  })

  test('the entry of a segment with transactions counts the records that a consumer sees', async () => {
    const entry = await new World().upload(transaction)

    expect(entry).toMatchObject({ records: 5, visible: 2, flags: ['transactional'] })
  })

  test.each([
    ['landed is unknown', 'STORAGE_OUTCOME_UNKNOWN'],
    ['has to be sent again', 'STORAGE_REWRITE_NEEDED'],
  ] as const)('a segment whose upload %s goes into another object', async (_name, code) => {
    const world = new World()
    world.storage.faults.onCall(
      atCall({ operation: 'commit' }, { kind: 'fail', error: new KanneryError(code, 'who knows') }),
    )
    const entry = await world.upload()

    const [first, second, ...others] = world.keys
    expect(others).toEqual([])
    expect(second).toBe(topicKeys('orders').segment(entry.id))
    expect(first).not.toBe(second)
    expect(await world.restored(entry)).toBe(batch.toString('hex'))
  })

  test('a storage that fails for a while is tried again, each time with another object', async () => {
    const world = new World()
    for (const nth of [1, 1, 1]) {
      world.storage.faults.onCall(atCall({ operation: 'write', nth }, { kind: 'fail' }))
    }
    const entry = await world.upload()

    expect(new Set(world.keys).size).toBe(4)
    expect(await world.restored(entry)).toBe(batch.toString('hex'))
  })

  test('a storage that denies the upload is not tried again', async () => {
    const world = new World()
    world.storage.faults.onCall(({ operation }) =>
      operation === 'openWriter' ? { kind: 'deny' } : undefined,
    )

    await expect(world.upload()).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    expect(world.keys).toHaveLength(1)
  })

  test('a storage that always fails is given up', async () => {
    const world = new World()
    world.storage.faults.onCall(({ operation }) =>
      operation === 'commit' ? { kind: 'fail' } : undefined,
    )

    await expect(world.upload()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(world.keys).toHaveLength(5)
  })
})
