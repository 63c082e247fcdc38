import { Worker } from 'node:worker_threads'
import type { ZstdOptions } from 'node:zlib'
import { KanneryError } from '@kannery/storage'
import { compressionOf, decompressionOf } from './zstd.ts'

/** What a thread compressed and decoded again. Both are views of its memory, up to its next job. */
export interface DecodedFrame {
  readonly stored: Uint8Array
  /** What `stored` decodes to; empty when it is not smaller than what was compressed. */
  readonly decoded: Uint8Array
}

interface Job {
  readonly rawLength: number
  readonly compression: ZstdOptions
  readonly decompression: ZstdOptions
}

interface Outcome {
  readonly storedLength: number
  readonly decodedLength: number
}

/** The memory that a thread shares with the thread that started it. */
interface SharedMemory {
  /** Holds what is to be compressed, then what was decoded. */
  readonly raw: Uint8Array
  /** Holds the frame. */
  readonly stored: Uint8Array
}

/** Chunks are not larger, unless one batch is. */
export const greatestRawBytes: number = 1024 * 1024

/**
 * Heap of a thread, MB. It needs four, but zlib's buffers count as well, and V8 collects garbage at
 * every chunk when they come near half of the limit.
 */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 }

/**
 * Compresses each chunk that it is asked for. The text of this function is what a thread runs, so
 * it uses nothing from outside: a module would have to be found in the sources, in the build and in
 * the bundles of all who embed this package.
 */
export function compressOnRequest(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const { zstdCompressSync, zstdDecompressSync } = process.getBuiltinModule('node:zlib')
  const memory = workerData as SharedMemory
  parentPort?.on('message', ({ rawLength, compression, decompression }: Job) => {
    const frame = zstdCompressSync(memory.raw.subarray(0, rawLength), compression)
    const storedLength = frame.byteLength
    if (storedLength >= rawLength) {
      parentPort.postMessage({ storedLength, decodedLength: 0 })
      return
    }
    memory.stored.set(frame)
    const decoded = zstdDecompressSync(memory.stored.subarray(0, storedLength), decompression)
    memory.raw.set(decoded)
    parentPort.postMessage({ storedLength, decodedLength: decoded.byteLength })
    // Frees the memory now: V8 would collect garbage again and again because of it.
    if (frame.buffer.byteLength === compression.chunkSize) frame.buffer.transfer(0)
    if (decoded.buffer.byteLength === decompression.chunkSize) decoded.buffer.transfer(0)
  })
}

/** A thread that compresses one chunk at a time. It does not keep the process alive. */
export class ZstdThread {
  readonly #memory: SharedMemory = {
    raw: new Uint8Array(new SharedArrayBuffer(greatestRawBytes)),
    stored: new Uint8Array(new SharedArrayBuffer(greatestRawBytes)),
  }
  readonly #worker: Worker
  #job: PromiseWithResolvers<Outcome> | undefined
  #failure: KanneryError | undefined

  constructor(program: () => void) {
    this.#worker = new Worker(`(${program.toString()})()`, {
      eval: true,
      workerData: this.#memory,
      resourceLimits,
      execArgv: [],
      env: {},
    })
    this.#worker.on('message', (outcome: Outcome) => this.#job?.resolve(outcome))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(undefined))
    this.#worker.unref()
  }

  /**
   * Compresses `raw`, at most {@link greatestRawBytes} long, and decodes the result.
   *
   * @throws INTERNAL when the thread ends: it is of no use any more
   */
  async compress(raw: Uint8Array): Promise<DecodedFrame> {
    this.#memory.raw.set(raw)
    const job: Job = {
      rawLength: raw.byteLength,
      compression: compressionOf(raw.byteLength),
      decompression: decompressionOf(raw.byteLength),
    }
    const { storedLength, decodedLength } = await this.#run(job)
    return {
      stored: this.#memory.stored.subarray(0, storedLength),
      decoded: this.#memory.raw.subarray(0, decodedLength),
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #run(job: Job): Promise<Outcome> {
    if (this.#failure !== undefined) throw this.#failure
    const settling = Promise.withResolvers<Outcome>()
    this.#job = settling
    this.#worker.ref()
    this.#worker.postMessage(job)
    try {
      return await settling.promise
    } finally {
      this.#worker.unref()
    }
  }

  #fail(cause: unknown): void {
    this.#failure ??= ended(cause)
    this.#job?.reject(this.#failure)
  }
}

function ended(cause: unknown): KanneryError {
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  return new KanneryError('INTERNAL', 'a chunk could not be compressed', {
    why: `the thread that compresses it ended${reason}; nothing of the chunk was committed`,
    remedy: 'Try again. If it comes back, please report it.',
    cause,
  })
}
