import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { ChunkEncoder } from '../segments/chunk-encoder.ts'
import { TopicWriter } from '../segments/topic-writer.ts'
import { type MemoryHolder, WorkerMemory } from './worker-memory.ts'

const mebibyte = 1024 * 1024

class Holder implements MemoryHolder {
  openBytes: number
  sealedBytes = 0

  constructor(openBytes: number) {
    this.openBytes = openBytes
  }

  seal(): void {
    this.sealedBytes += this.openBytes
    this.openBytes = 0
  }
}

function memoryOf(
  budgetBytes: number,
  {
    brokers = 1,
    holders = [],
    pendingBytes = () => 0,
  }: {
    brokers?: number
    holders?: readonly MemoryHolder[]
    pendingBytes?: () => number
  } = {},
): WorkerMemory {
  const { signal } = new AbortController()
  return new WorkerMemory({
    budgetBytes,
    brokers,
    holders: () => holders,
    pendingBytes,
    signal,
  })
}

describe('the budget of a worker', () => {
  test.each([
    [256, 1],
    [256, 3],
    [64, 1],
    [64, 3],
    [1024, 20],
  ])('of %i MiB holds answers, uploads and chunks of %i brokers', (budget, brokers) => {
    const memory = memoryOf(budget * mebibyte, { brokers })
    const answers = 2 * brokers * memory.fetchBytes
    let writers = 0
    const forever = new Promise<never>(() => undefined)
    for (let index = 0; index < 100; index++) {
      void memory.uploads.slots.run(() => {
        writers += memory.uploads.writerBytes
        return forever
      })
    }
    let chunks = 0
    while (memory.gate.hasRoom(mebibyte)) {
      memory.chunks.take(mebibyte)
      chunks += mebibyte
    }

    // What the other brokers were asked for may come on top of it.
    const coming = (brokers - 1) * memory.fetchBytes
    expect(answers + writers + chunks + coming).toBeLessThanOrEqual(budget * mebibyte)
    expect(answers + writers + chunks + coming).toBeGreaterThan((budget - 2) * mebibyte)
    expect(chunks).toBeGreaterThanOrEqual((budget * mebibyte) / 2)
  })

  test.each([10, 60, 190, 500])(
    'is kept also when %i partitions grow together',
    async (partitions) => {
      const writers: TopicWriter[] = []
      const memory = memoryOf(64 * mebibyte, {
        holders: writers,
        pendingBytes: () => encoder.pendingBytes,
      })
      const encoder = new ChunkEncoder('none', memory.chunks)
      const writer = new TopicWriter({
        topic: 'orders',
        clock: new TestClock(),
        limits: { maxBytes: 64 * mebibyte, maxAgeMs: 300_000 },
        memory: memory.chunks,
        encoder,
        checksEachBatch: false,
        upload: async () => {
          await new Promise((resolve) => setImmediate(resolve))
          return { id: undefined, commit: async () => undefined }
        },
        onFailed: (error) => expect.unreachable(String(error)),
      })
      writers.push(writer)
      for (let partition = 0; partition < partitions; partition++) writer.addPartition(partition, 0)
      const size = Math.floor(memory.fetchBytes / partitions)
      const batch = brokerBatch({ at: 0, value: 'x'.repeat(size - 100) })
      let most = 0
      for (let answer = 0; answer < 12; answer++) {
        await memory.gate.waitForRoom(memory.fetchBytes)
        batch.writeBigInt64BE(BigInt(answer), 0)
        for (let partition = 0; partition < partitions; partition++) {
          writer.take(partition, batch, [])
          memory.relieveEarly()
          most = Math.max(most, memory.chunks.used + memory.chunks.kept)
        }
      }
      expect(most).toBeGreaterThan(16 * mebibyte)
      // The budget without two answers and an upload.
      expect(most).toBeLessThanOrEqual(40 * mebibyte)

      writer.seal()
      await writer.settled()
      expect([memory.chunks.used, memory.chunks.kept]).toEqual([0, 0])
    },
  )

  test('is exceeded when nothing would work otherwise', () => {
    const memory = memoryOf(8 * mebibyte, { brokers: 50 })
    expect(memory.fetchBytes).toBe(mebibyte)
    expect(memory.gate.hasRoom(mebibyte)).toBe(true)
  })

  test('is kept by writing out the largest open segment, when half of the memory is used', () => {
    const holders = [
      new Holder(10 * mebibyte),
      new Holder(80 * mebibyte),
      new Holder(20 * mebibyte),
    ]
    const memory = memoryOf(256 * mebibyte, { holders })
    for (let block = 0; block < 110; block++) memory.chunks.take(mebibyte)
    memory.relieveEarly()

    expect(holders.map(({ openBytes }) => openBytes)).toEqual([10 * mebibyte, 0, 20 * mebibyte])
  })

  test('leaves segments open as long as less than half of it is used', () => {
    const holders = [new Holder(80 * mebibyte)]
    const memory = memoryOf(256 * mebibyte, { holders })
    for (let block = 0; block < 80; block++) memory.chunks.take(mebibyte)
    memory.relieveEarly()

    expect(holders[0]?.openBytes).toBe(80 * mebibyte)
  })
})

describe('a fetch that waits for room', () => {
  test('waits until enough is released, and has something written out in the meantime', async () => {
    const holders = [new Holder(8 * mebibyte)]
    const memory = memoryOf(64 * mebibyte, { holders })
    const blocks = []
    while (memory.gate.hasRoom(mebibyte)) blocks.push(memory.chunks.take(mebibyte))
    let entered = false
    const waiting = memory.gate.waitForRoom(2 * mebibyte).then(() => {
      entered = true
    })
    expect(holders[0]?.openBytes).toBe(0)

    blocks.pop()?.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(entered).toBe(false)
    blocks.pop()?.release()
    await waiting
  })

  test('passes alone with more than the budget', async () => {
    await memoryOf(64 * mebibyte).gate.waitForRoom(300 * mebibyte)
  })

  test('passes when the run ends', async () => {
    const ending = new AbortController()
    const memory = new WorkerMemory({
      budgetBytes: 64 * mebibyte,
      brokers: 1,
      holders: () => [],
      pendingBytes: () => 0,
      signal: ending.signal,
    })
    while (memory.gate.hasRoom(mebibyte)) memory.chunks.take(mebibyte)
    const waiting = memory.gate.waitForRoom(mebibyte)
    ending.abort()
    await waiting
  })
})
