import {
  type ByteRange,
  type CallOptions,
  type Clock,
  type DeleteOptions,
  type DeleteResult,
  type GetOptions,
  type KeyPrefix,
  type ListEntry,
  type ListOptions,
  type ObjectKey,
  type ObjectReader,
  type ObjectWriter,
  objectKey,
  type PutOptions,
  type StorageBackend,
  type StorageCapabilities,
  type StoredObject,
  type SweepOptions,
  type WriterOptions,
} from '@kannery/storage'
import { assertPutSize } from '@kannery/storage/backend'
import {
  containerNotFound,
  notFound,
  preconditionFailed,
  rangeOutside,
  rewriteNeeded,
  unsupported,
} from './errors.ts'
import { listWorld } from './listing.ts'
import { MemoryWorld, type Upload } from './memory-world.ts'
import { MemoryWriter } from './memory-writer.ts'

const pieceBytes = 64 * 1024

/** Options of {@link MemoryStorage.open}: what kind of store the memory imitates. */
export interface MemoryStorageOptions {
  /** Clock of the storage. Its clients may have other ones. */
  readonly clock: Clock
  /**
   * Capabilities that differ from the defaults. A capability that is false is refused with
   * STORAGE_UNSUPPORTED. By default the memory has all of them except `retainUntil`, with no limit
   * of size and no time between writes.
   */
  readonly capabilities?: Partial<StorageCapabilities> | undefined
  /**
   * Resolution of `lastModified` in milliseconds; 1000 imitates a store with whole seconds.
   * Defaults to 1.
   */
  readonly lastModifiedStepMs?: number | undefined
  /** Whether answers state the time of the storage (`answeredAt`). Defaults to false. */
  readonly reportsTime?: boolean | undefined
}

/**
 * A storage in memory that does exactly what the contract says: what works with it works with every
 * backend. Several handles are several clients of one storage, which share its objects.
 */
export class MemoryStorage implements StorageBackend {
  readonly type = 'memory'
  readonly location = undefined
  readonly #world: MemoryWorld
  /** Whether the container does not exist. */
  readonly #missing: boolean

  private constructor(world: MemoryWorld, missing: boolean) {
    this.#world = world
    this.#missing = missing
  }

  /** Opens a new storage without objects. */
  static open(options: MemoryStorageOptions): MemoryStorage {
    const { clock, capabilities, lastModifiedStepMs: stepMs = 1, reportsTime = false } = options
    const world = new MemoryWorld(
      { clock, stepMs, reportsTime },
      { ...allCapabilities, ...capabilities },
    )
    return new MemoryStorage(world, false)
  }

  /**
   * Opens a storage whose container does not exist: calls fail with STORAGE_CONTAINER_NOT_FOUND.
   */
  static missing(clock: Clock): MemoryStorage {
    const times = { clock, stepMs: 1, reportsTime: false }
    return new MemoryStorage(new MemoryWorld(times, allCapabilities), true)
  }

  get capabilities(): StorageCapabilities {
    return this.#world.capabilities
  }

  /** Returns another client of the same storage. */
  anotherHandle(): MemoryStorage {
    return new MemoryStorage(this.#world, this.#missing)
  }

  /**
   * Returns copies of all objects by key, for assertions. They are in the order of keys unless the
   * capability `orderedList` is false.
   */
  contents(): Map<ObjectKey, Uint8Array> {
    return new Map(
      this.#world.keys().map((key) => [key, Uint8Array.from(this.#present(key).bytes)]),
    )
  }

  /** Returns all keys in the order of {@link contents}, for assertions. */
  keys(): ObjectKey[] {
    return this.#world.keys()
  }

  /**
   * Returns the bytes of one object, or undefined if there is none, for assertions. They are no
   * copy and must not be changed.
   */
  peek(key: ObjectKey): Uint8Array | undefined {
    return this.#world.find(key)?.bytes
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    await this.#begin(key, options)
    const found = this.#world.find(key)
    return found && this.#world.answer(found.info)
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    await this.#begin(key, options)
    const { info, bytes } = this.#present(key)
    if (options.ifVersion !== undefined && options.ifVersion !== info.version) {
      throw preconditionFailed(key)
    }
    const selected = select(bytes, options.range, key)
    return {
      info: this.#world.answer(info),
      body: pieces(selected, options.signal),
      async [Symbol.asyncDispose]() {},
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    assertPutSize(body)
    this.#assertSupported(options)
    await this.#begin(key, options)
    return this.#world.store(key, Uint8Array.from(body), options.condition)
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    this.#assertSupported(options)
    await this.#begin(key, options)
    const { uploads } = this.#world
    const upload: Upload = { key, startedAtMs: this.#world.clock.now() }
    uploads.add(upload)
    return new MemoryWriter({
      signal: options.signal,
      publish: (bytes) => {
        if (!uploads.has(upload)) throw rewriteNeeded(key)
        return this.#world.store(key, bytes, options.condition)
      },
      release: () => {
        uploads.delete(upload)
      },
    })
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    await this.#begin(prefix, options)
    for (const entry of listWorld(this.#world, prefix, options)) {
      options.signal?.throwIfAborted()
      yield entry
    }
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    if (options.ifVersion !== undefined && !this.capabilities.ifVersionDelete) {
      throw unsupported('conditional delete')
    }
    await this.#begin(key, options)
    this.#world.remove(key, options.ifVersion)
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    for await (const key of keys) {
      await this.#begin(key, options)
      this.#world.remove(key, undefined)
      yield { key }
    }
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    await this.#begin(prefix, options)
    let swept = 0
    for (const upload of this.#world.uploads) {
      if (!upload.key.startsWith(prefix) || !options.isOurs(upload.key)) continue
      if (this.#world.clock.now() - upload.startedAtMs < options.olderThanMs) continue
      this.#world.uploads.delete(upload)
      swept++
    }
    return swept
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #begin(keyOrPrefix: string, options: CallOptions): Promise<void> {
    if (keyOrPrefix !== '') objectKey(keyOrPrefix.replace(/\/$/, ''))
    options.signal?.throwIfAborted()
    // As with any storage, the request is decided after the caller has gone on.
    await Promise.resolve()
    if (this.#missing) throw containerNotFound()
  }

  #present(key: ObjectKey): { info: StoredObject; bytes: Uint8Array } {
    const present = this.#world.find(key)
    if (present === undefined) throw notFound(key)
    return present
  }

  #assertSupported(options: PutOptions): void {
    const { condition, retainUntil } = options
    const { ifAbsent, ifVersion, retainUntil: canRetain } = this.capabilities
    if (condition.kind === 'if-absent' && !ifAbsent) throw unsupported('conditional create')
    if (condition.kind === 'if-version' && !ifVersion) throw unsupported('conditional replace')
    if (retainUntil !== undefined && !canRetain) throw unsupported('object lock')
  }
}

const allCapabilities: StorageCapabilities = {
  ifAbsent: true,
  ifVersion: true,
  ifVersionDelete: true,
  ifAbsentAfterDelete: true,
  orderedList: true,
  retainUntil: false,
  maxObjectBytes: Number.MAX_SAFE_INTEGER,
  minRewriteIntervalMs: 0,
}

function select(bytes: Uint8Array, range: ByteRange | undefined, key: ObjectKey): Uint8Array {
  const size = bytes.byteLength
  switch (range?.kind) {
    case undefined:
      return bytes
    case 'span':
      return slice(bytes, range.start, range.end, key)
    case 'from':
      return slice(bytes, range.start, Math.max(size, range.start), key)
    case 'last':
      return slice(bytes, size - Math.min(size, range.length), size, key)
  }
}

function slice(bytes: Uint8Array, start: number, end: number, key: ObjectKey): Uint8Array {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end)
  const size = bytes.byteLength
  if (!whole || start < 0 || start >= end || end > size) throw rangeOutside(key, size)
  return bytes.subarray(start, end)
}

async function* pieces(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    signal?.throwIfAborted()
    // A copy: the caller may scribble on it.
    yield bytes.slice(start, start + pieceBytes)
  }
}
