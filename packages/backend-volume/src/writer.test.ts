import type { FileHandle } from 'node:fs/promises'
import type { StoredObject } from '@kannery/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VolumeWriter } from './writer.ts'

/** A file in memory. It also remembers how much was written at a time, and from which memory. */
class RememberedFile {
  readonly writes: number[] = []
  readonly memories = new Set<ArrayBufferLike>()
  /** Bytes that the kernel takes at a time at most. */
  greatestWrite = Number.POSITIVE_INFINITY
  #content = Buffer.alloc(0)

  get content(): Buffer {
    return this.#content
  }

  async writev(pieces: readonly Uint8Array[]): Promise<{ bytesWritten: number }> {
    // The kernel reads the memory a little later.
    await new Promise((resolve) => setImmediate(resolve))
    for (const { buffer } of pieces) this.memories.add(buffer)
    const taken = Buffer.concat(pieces).subarray(0, this.greatestWrite)
    this.#content = Buffer.concat([this.#content, taken])
    this.writes.push(taken.length)
    return { bytesWritten: taken.length }
  }

  async sync(): Promise<void> {}
  async close(): Promise<void> {}
}

function open(maxBufferedBytes?: number): {
  readonly file: RememberedFile
  readonly writer: VolumeWriter
} {
  const file = new RememberedFile()
  const writer = new VolumeWriter({
    handle: file as unknown as FileHandle,
    maxBufferedBytes,
    publish: async () => ({}) as StoredObject,
    abandon: async () => undefined,
    explain: (error) => error,
  })
  return { file, writer }
}

describe('a writer', () => {
  test('writes chunks of any size in order, however much the kernel takes at a time', async () => {
    const anySizes = fc.array(
      fc.oneof(fc.constant(0), fc.nat(300), fc.nat(900_000), fc.constant(512 * 1024)),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(anySizes, fc.integer({ min: 90_000, max: 2e6 }), async (sizes, greatest) => {
        const { file, writer } = open()
        file.greatestWrite = greatest
        const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1))
        for (const chunk of chunks) {
          const own = Buffer.from(chunk)
          await writer.write(own)
          // From now on the caller may use its memory for something else.
          own.fill(0xee)
        }
        await writer.commit()
        expect(file.content.equals(Buffer.concat(chunks))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('collects small chunks, and writes a large one from where it is', async () => {
    const { file, writer } = open()
    const [small, large] = [Buffer.alloc(1000, 1), Buffer.alloc(1_000_000, 2)]
    for (let count = 0; count < 500; count++) await writer.write(small)
    expect(file.writes).toEqual([])

    await writer.write(large)
    expect(file.writes).toEqual([1_500_000])
    expect(file.memories).toContain(large.buffer)
    expect(file.memories).not.toContain(small.buffer)
  })

  test('holds no more than it may', async () => {
    const { file, writer } = open(2500)
    for (let count = 0; count < 6; count++) await writer.write(Buffer.alloc(1000))
    expect(file.writes).toEqual([3000, 3000])
  })

  test('can only be disposed of after a write that failed', async () => {
    const { file, writer } = open(0)
    const full = new Error('no space')
    file.writev = async () => {
      throw full
    }
    await expect(writer.write(Buffer.alloc(10))).rejects.toBe(full)
    await expect(writer.write(Buffer.alloc(10))).rejects.toBe(full)
    await expect(writer.commit()).rejects.toBe(full)
    expect(file.content.length).toBe(0)
  })
})
