import {
  type CallOptions,
  KanneryError,
  type ObjectKey,
  type StorageBackend,
} from '@kannery/storage'
import { examineChunk } from './examine-chunk.ts'
import { type ChunkHeaderFacts, factsOf } from './format/chunk-header.ts'
import { corrupt, type Damage } from './format/damage.ts'
import type { ChunkTableEntry, SegmentFooter } from './format/footer.ts'
import type { Allocate } from './format/format.ts'
import { chunkHeaderBytes } from './format/format.ts'
import { decodeFooter, footerStart } from './format/read-footer.ts'
import type { SegmentHeader } from './format/segment-header.ts'
import { BodyReader, readRange } from './read-range.ts'

/** Identifies the object of a segment. */
export interface SegmentLocation {
  readonly key: ObjectKey
  /** Size of the object as an index states it, bytes: an object of another size is damaged. */
  readonly bytes?: number | undefined
}

/** Sets how chunks are read. */
export interface ExamineOptions extends CallOptions {
  /**
   * Provides the buffer for the bytes of each chunk, so that a caller that reads many chunks can
   * reuse memory. It becomes the `raw` of a chunk that is stored without compression. Defaults to
   * new memory.
   */
  readonly allocate?: Allocate | undefined
}

/** Sets how chunks are read, and what happens to damaged ones. */
export interface ReadChunksOptions extends ExamineOptions {
  /**
   * Called for every chunk that is damaged; the chunk is then left out. Without it, the first
   * damage is thrown.
   */
  readonly onDamage?: ((damage: Damage) => void) | undefined
}

/** A chunk that was read and checked. */
export interface ReadChunk {
  /** The row of the footer that the chunk was read by. */
  readonly entry: ChunkTableEntry
  readonly facts: ChunkHeaderFacts
  /** Exactly the bytes that were given to the writer. The buffer belongs to the caller. */
  readonly raw: Uint8Array
}

/** A chunk that was read, or damage in its place. */
export type ReadPart =
  | { readonly kind: 'chunk'; readonly chunk: ReadChunk }
  | { readonly kind: 'damage'; readonly damage: Damage }

/** The end of an object, in memory. */
interface Tail {
  readonly size: number
  readonly start: number
  readonly bytes: Uint8Array
}

const tailBytes = 64 * 1024
/**
 * Chunks this far apart are read in one request: reading the bytes between them costs less than
 * another request.
 */
const worthSkippingBytes = 64 * 1024
/** Some stores cut a request that streams for very long. */
const requestBytes = 16 * 1024 * 1024

/**
 * Opens a segment by reading its footer: one request for the last 64 KiB, and another one for a
 * larger footer.
 *
 * @throws DATA_CORRUPT naming key and bytes; DATA_VERSION_UNSUPPORTED; STORAGE_NOT_FOUND and other
 *   STORAGE_*
 */
export async function openSegment(
  storage: StorageBackend,
  location: SegmentLocation,
  options: CallOptions = {},
): Promise<SegmentReader> {
  const { key } = location
  const tail = await readTail(storage, key, options)
  assertSize(tail.size, location)
  const start = footerStart(tail.bytes, tail.size, key)
  const footer = decodeFooter(await fromTail(storage, key, { tail, start, options }), start, key)
  assertName(footer.header, location, tail.size)
  return new SegmentReader(storage, key, { footer, footerStart: start, tail })
}

async function readTail(
  storage: StorageBackend,
  key: ObjectKey,
  options: CallOptions,
): Promise<Tail> {
  try {
    const { info, bytes } = await readRange(
      storage,
      key,
      { kind: 'last', length: tailBytes },
      options,
    )
    return { size: info.size, start: info.size - bytes.byteLength, bytes }
  } catch (error) {
    // An empty object has no last bytes: stores answer 416.
    if (!KanneryError.is(error, 'STORAGE_RANGE')) throw error
    return { size: 0, start: 0, bytes: new Uint8Array() }
  }
}

/** All bytes from `start` on. */
async function fromTail(
  storage: StorageBackend,
  key: ObjectKey,
  place: { readonly tail: Tail; readonly start: number; readonly options: CallOptions },
): Promise<Uint8Array> {
  const { tail, start, options } = place
  if (start >= tail.start) return tail.bytes.subarray(start - tail.start)
  const missing = await readRange(storage, key, { kind: 'span', start, end: tail.start }, options)
  return Buffer.concat([missing.bytes, tail.bytes])
}

function assertSize(size: number, { key, bytes }: SegmentLocation): void {
  if (bytes === undefined || bytes === size) return
  const reason = `the object has ${size} bytes, the index says ${bytes}`
  throw corrupt({ key, from: Math.min(size, bytes), to: Math.max(size, bytes), reason })
}

function assertName(header: SegmentHeader, { key }: SegmentLocation, size: number): void {
  const name = key.slice(key.lastIndexOf('/') + 1)
  if (name === `${header.segment}.kan`) return
  throw corrupt({ key, from: 0, to: size, reason: `the object holds segment ${header.segment}` })
}

/** An open segment, whose footer was read and checked. */
export class SegmentReader {
  readonly key: ObjectKey
  /** Size of the object, bytes. */
  readonly size: number
  readonly footer: SegmentFooter
  /** Position at which the chunks end and the footer begins. */
  readonly footerStart: number
  readonly #storage: StorageBackend
  readonly #tail: Tail

  /** Use {@link openSegment}. */
  constructor(
    storage: StorageBackend,
    key: ObjectKey,
    parts: { readonly footer: SegmentFooter; readonly footerStart: number; readonly tail: Tail },
  ) {
    this.#storage = storage
    this.key = key
    this.footer = parts.footer
    this.footerStart = parts.footerStart
    this.#tail = parts.tail
    this.size = parts.tail.size
  }

  get header(): SegmentHeader {
    return this.footer.header
  }

  /**
   * Reads the chunks of `entries`, which are rows of {@link footer}, in that order. Chunks of an
   * unknown kind are left out. Neighbouring chunks are read in one request. Holds one chunk in
   * memory at a time.
   *
   * @throws DATA_CORRUPT, unless `onDamage` is given; DATA_VERSION_UNSUPPORTED; STORAGE_*
   */
  async *readChunks(
    entries: readonly ChunkTableEntry[],
    options: ReadChunksOptions = {},
  ): AsyncGenerator<ReadChunk, void, undefined> {
    const { onDamage } = options
    for await (const part of this.examine(entries, options)) {
      if (part.kind === 'chunk') yield part.chunk
      else if (onDamage === undefined) throw corrupt(part.damage)
      else onDamage(part.damage)
    }
  }

  /**
   * Reads chunks as {@link readChunks} does, but yields damage at its place among the chunks.
   *
   * @throws DATA_VERSION_UNSUPPORTED; STORAGE_*; never DATA_CORRUPT
   */
  async *examine(
    entries: readonly ChunkTableEntry[],
    options: ExamineOptions = {},
  ): AsyncGenerator<ReadPart, void, undefined> {
    const known = entries.filter(({ kind }) => kind !== 'unknown')
    for (const run of runsOf(known)) yield* this.#examineRun(run, options)
  }

  async *#examineRun(run: Run, options: ExamineOptions): AsyncGenerator<ReadPart, void, undefined> {
    await using opened = await this.#open(run, options)
    let position = run.start
    for (const entry of run.entries) {
      await opened.source.skip(entry.position - position)
      const examined = await examineChunk(opened.source, entry, this.key, options.allocate)
      position = endOf(entry)
      if (examined.kind === 'damage') yield examined
      if (examined.kind === 'whole') {
        const { header, raw } = examined
        yield { kind: 'chunk', chunk: { entry, facts: factsOf(header), raw } }
      }
    }
  }

  async #open(
    { start, end }: Run,
    options: CallOptions,
  ): Promise<AsyncDisposable & { readonly source: BodyReader }> {
    if (start >= this.#tail.start) {
      const bytes = this.#tail.bytes.subarray(start - this.#tail.start, end - this.#tail.start)
      return { source: new BodyReader([bytes]), async [Symbol.asyncDispose]() {} }
    }
    const reader = await this.#storage.get(this.key, {
      ...options,
      range: { kind: 'span', start, end },
    })
    return {
      source: new BodyReader(reader.body),
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    }
  }
}

interface Run {
  readonly entries: ChunkTableEntry[]
  readonly start: number
  end: number
}

/** Groups chunks into runs, each of which is read by one request. */
function* runsOf(entries: readonly ChunkTableEntry[]): Generator<Run, void, undefined> {
  let run: Run | undefined
  for (const entry of entries) {
    if (run !== undefined && isNeighbour(run, entry)) {
      run.entries.push(entry)
      run.end = endOf(entry)
    } else {
      if (run !== undefined) yield run
      run = { entries: [entry], start: entry.position, end: endOf(entry) }
    }
  }
  if (run !== undefined) yield run
}

function isNeighbour(run: Run, entry: ChunkTableEntry): boolean {
  const gap = entry.position - run.end
  return gap >= 0 && gap <= worthSkippingBytes && endOf(entry) - run.start <= requestBytes
}

function endOf(entry: ChunkTableEntry): number {
  return entry.position + chunkHeaderBytes + entry.storedLength
}
