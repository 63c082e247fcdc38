import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { facts } from '../../../test/segments.ts'
import { crc32c } from '../../digest/crc32c.ts'
import { type EncodedChunk, encodeChunk } from './encode-chunk.ts'
import { ZstdThreads } from './zstd-threads.ts'

/** What a broken thread is asked for. */
interface Memory {
  readonly raw: Uint8Array
  readonly stored: Uint8Array
}

function text(bytes: number): Uint8Array {
  return Buffer.from('{"id":1,"name":"kannery"},'.repeat(Math.ceil(bytes / 26))).subarray(0, bytes)
}

/** Bytes that zstd cannot shrink. */
function noise(bytes: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length: bytes }, () => {
    state = (state * 48_271) % 0x7fffffff
    return state >>> 8
  })
}

function encode(raw: Uint8Array, threads: ZstdThreads): Promise<EncodedChunk> {
  return encodeChunk(facts(), raw, { codec: 'zstd', rawCrc: crc32c(raw), threads })
}

/** Memory in which a bit flips as soon as something is copied into it. */
class BadMemory extends Uint8Array {
  override set(bytes: ArrayLike<number>): void {
    super.set(bytes)
    this[9] = 1 ^ (this[9] ?? 0)
  }
}

/** Compresses other bytes than it was given, and decodes them faultlessly. */
function otherBytes(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const { zstdCompressSync } = process.getBuiltinModule('node:zlib')
  const { raw, stored } = workerData as Memory
  parentPort?.on('message', ({ rawLength }: { readonly rawLength: number }) => {
    raw[1000] = 1 + (raw[1000] ?? 0)
    const frame = zstdCompressSync(raw.subarray(0, rawLength))
    stored.set(frame)
    parentPort.postMessage({ storedLength: frame.byteLength, decodedLength: rawLength })
  })
}

/** Decodes only a part of what it was given. The rest still lies in memory. */
function fewerBytes(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  parentPort?.on('message', ({ rawLength }: { readonly rawLength: number }) => {
    parentPort.postMessage({ storedLength: 100, decodedLength: rawLength - 1 })
  })
}

/** Fails at the first chunk. */
function crash(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  parentPort?.on('message', () => {
    throw new Error('out of order')
  })
}

/** Ends at the first chunk of an even length, without an error, and stores nothing smaller. */
function quit(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  parentPort?.on('message', ({ rawLength }: { readonly rawLength: number }) => {
    if (rawLength % 2 === 0) process.exit(1)
    parentPort.postMessage({ storedLength: rawLength, decodedLength: 0 })
  })
}

describe('threads for zstd', () => {
  test.each([32 * 1024 + 1, 300_000, 1024 * 1024])(
    'compress a chunk of %d bytes',
    async (bytes) => {
      await using threads = new ZstdThreads()
      const raw = text(bytes)
      const chunk = await encode(raw, threads)
      expect(chunk.codec).toBe('zstd')
      expect(chunk.storedCrc).toBe(crc32c(chunk.stored))
      expect(Buffer.compare(zstdDecompressSync(chunk.stored), raw)).toBe(0)
    },
  )

  test('leave small chunks, and those larger than their memory, to others', async () => {
    await using threads = new ZstdThreads(crash)
    for (const bytes of [32 * 1024, 1024 * 1024 + 1]) {
      expect((await encode(text(bytes), threads)).codec).toBe('zstd')
    }
  })

  test('keep each chunk apart from the others', async () => {
    await using threads = new ZstdThreads()
    const raws = Array.from({ length: 12 }, (_, at) =>
      text(40_000 + 50_000 * at).fill(at, 100, 200),
    )
    const encodePair = (at: number) =>
      Promise.all(raws.slice(at, at + 3).map((raw) => encode(raw, threads)))
    const chunks = [...(await encodePair(0)), ...(await encodePair(3)), ...(await encodePair(6))]
    chunks.forEach(({ stored }, at) => {
      expect(Buffer.compare(zstdDecompressSync(stored), raws[at] ?? text(0))).toBe(0)
    })
  })

  test('return a chunk that zstd does not shrink as it is', async () => {
    await using threads = new ZstdThreads()
    const raw = noise(100_000)
    const chunk = await encode(raw, threads)
    expect(chunk.codec).toBe('none')
    expect(chunk.stored).toBe(raw)
  })

  test('refuse a chunk whose bytes changed before', async () => {
    await using threads = new ZstdThreads()
    const raw = text(100_000)
    const rawCrc = crc32c(raw)
    raw[5000] = 0
    const encoding = encodeChunk(facts(), raw, { codec: 'zstd', rawCrc, threads })
    await expect(encoding).rejects.toMatchObject({
      code: 'INTERNAL',
      facts: { changedInMemory: true },
    })
    expect((await encode(raw, threads)).codec).toBe('zstd')
  })

  test.each([otherBytes, fewerBytes])(
    'refuse the result of a broken compressor: %o',
    async (broken) => {
      await using threads = new ZstdThreads(broken)
      await expect(encode(text(100_000), threads)).rejects.toMatchObject({
        code: 'INTERNAL',
        facts: { changedInMemory: true },
      })
    },
  )

  test('report an error in a thread for its chunk', async () => {
    await using threads = new ZstdThreads(crash)
    await expect(encode(text(100_000), threads)).rejects.toMatchObject({
      code: 'INTERNAL',
      why: expect.stringContaining('out of order'),
    })
  })

  test('continue with another thread after one ended', async () => {
    await using threads = new ZstdThreads(quit)
    const [ended, other] = await Promise.allSettled([
      encode(text(100_000), threads),
      encode(text(100_001), threads),
    ])
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } })
    expect(other).toMatchObject({ status: 'fulfilled', value: { codec: 'none' } })
    expect((await encode(text(100_001), threads)).codec).toBe('none')
  })
})

describe('the checksum of a compressed chunk', () => {
  test.each([10_000, 100_000])(
    'is that of the bytes that were decoded for proof, not of a damaged copy (%d bytes)',
    async (length) => {
      await using threads = new ZstdThreads()
      const raw = text(length)
      const { stored, storedCrc } = await encodeChunk(facts(), raw, {
        codec: 'zstd',
        rawCrc: crc32c(raw),
        threads,
        allocate: (bytes) => new BadMemory(bytes),
      })
      expect(storedCrc).not.toBe(crc32c(stored))
      stored[9] = 1 ^ (stored[9] ?? 0)
      expect(storedCrc).toBe(crc32c(stored))
    },
  )
})
