import type { FileHandle } from 'node:fs/promises'
import type { StoredObject } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { BufferPool, bufferBytes } from './buffer-pool.ts'
import { VolumeWriter } from './writer.ts'

/** A file in memory. It also remembers which memory each write came from. */
class RememberedFile {
  readonly memories = new Set<ArrayBufferLike>()
  #content = Buffer.alloc(0)

  get content(): Buffer {
    return this.#content
  }

  async write(piece: Buffer, written: number): Promise<{ bytesWritten: number }> {
    // The kernel reads the memory a little later.
    await new Promise((resolve) => setImmediate(resolve))
    this.memories.add(piece.buffer)
    this.#content = Buffer.concat([this.#content, piece.subarray(written)])
    return { bytesWritten: piece.length - written }
  }

  async sync(): Promise<void> {}
  async close(): Promise<void> {}
}

function open(buffers: BufferPool): {
  readonly file: RememberedFile
  readonly writer: VolumeWriter
} {
  const file = new RememberedFile()
  const writer = new VolumeWriter({
    handle: file as unknown as FileHandle,
    maxBufferedBytes: undefined,
    buffers,
    publish: async () => ({}) as StoredObject,
    abandon: async () => undefined,
    explain: (error) => error,
  })
  return { file, writer }
}

const object = (value: number): Buffer => Buffer.alloc(3 * bufferBytes + 1000, value)

async function writeIn(writer: VolumeWriter, bytes: Buffer, step: number): Promise<void> {
  const chunk = Buffer.alloc(step)
  for (let position = 0; position < bytes.length; position += step) {
    const length = bytes.copy(chunk, 0, position, position + step)
    await writer.write(chunk.subarray(0, length))
    chunk.fill(0xee)
  }
}

describe('the memory of writers', () => {
  test('is used again by the next one', async () => {
    const buffers = new BufferPool()
    const [first, second] = [open(buffers), open(buffers)]
    await writeIn(first.writer, object(1), 1_000_000)
    await first.writer.commit()
    await writeIn(second.writer, object(2), 1_000_000)
    await second.writer.commit()

    expect(second.file.content.equals(object(2))).toBe(true)
    expect([...second.file.memories].every((memory) => first.file.memories.has(memory))).toBe(true)
  })

  test('is never shared by two at a time', async () => {
    const buffers = new BufferPool()
    for (let round = 0; round < 3; round++) {
      const writers = [1, 2, 3].map((value) => ({ value: 10 * round + value, ...open(buffers) }))
      await Promise.all(
        writers.map(async ({ writer, value }) => {
          await writeIn(writer, object(value), 700_000)
          await writer.commit()
        }),
      )
      for (const { file, value } of writers) expect(file.content.equals(object(value))).toBe(true)
    }
  })

  test('of an aborted write is not used again: it may still be written to the file', async () => {
    const buffers = new BufferPool()
    const { writer } = open(buffers)
    await writeIn(writer, object(1), 1_000_000)
    await writer[Symbol.asyncDispose]()
    expect(buffers.take()).toBeUndefined()
  })

  test('that is kept for later is bounded', () => {
    const buffers = new BufferPool()
    for (let released = 0; released < 10; released++)
      buffers.release(Buffer.allocUnsafeSlow(bufferBytes))
    buffers.release(Buffer.alloc(100))
    let kept = 0
    while (buffers.take() !== undefined) kept += 1
    expect(kept).toBe(4)
  })
})
