import type {
  CallOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectReader,
  ObjectWriter,
  PutOptions,
  StorageBackend,
  StorageCapabilities,
  StoredObject,
  SweepOptions,
  WriterOptions,
} from '../../backend.ts'
import type { Clock } from '../../environment.ts'
import type { KeyPrefix, ObjectKey } from '../../object-key.ts'
import { RequestPace } from './request-pace.ts'
import { RewritePace } from './rewrite-pace.ts'

/**
 * Number of names that one request is counted for: entries on a page of a listing of S3 and Google
 * Cloud Storage, and keys in one deletion request of S3.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 * https://cloud.google.com/storage/docs/json_api/v1/objects/list
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
const namesPerRequest = 1000

/** Spreads requests, and writes of one key, over time: each attempt waits for its turn. */
export class LimitedStorage implements StorageBackend {
  readonly #inner: StorageBackend
  readonly #requests: RequestPace
  readonly #rewrites: RewritePace

  constructor(inner: StorageBackend, clock: Clock, requestsPerSecond: number) {
    this.#inner = inner
    this.#requests = new RequestPace(clock, requestsPerSecond)
    this.#rewrites = new RewritePace(clock, inner.capabilities.minRewriteIntervalMs)
  }

  get type(): string {
    return this.#inner.type
  }

  get location(): string | undefined {
    return this.#inner.location
  }

  get capabilities(): StorageCapabilities {
    return this.#inner.capabilities
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    await this.#requests.turn(options.signal)
    return await this.#inner.head(key, options)
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    await this.#requests.turn(options.signal)
    return await this.#inner.get(key, options)
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    return await this.#rewrites.write(key, options.signal, async () => {
      await this.#requests.turn(options.signal)
      return await this.#inner.put(key, body, options)
    })
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const { signal, sendPart = async (_bytes, send) => await send(() => undefined) } = options
    await this.#requests.turn(signal)
    const writer = await this.#inner.openWriter(key, {
      ...options,
      sendPart: (bytes, send) =>
        sendPart(bytes, async (onProgress) => {
          await this.#requests.turn(signal)
          return await send(onProgress)
        }),
    })
    return {
      write: (chunk) => writer.write(chunk),
      commit: () =>
        this.#rewrites.write(key, signal, async () => {
          await this.#requests.turn(signal)
          return await writer.commit()
        }),
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    }
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    await this.#requests.turn(options.signal)
    let listed = 0
    for await (const entry of this.#inner.list(prefix, options)) {
      yield entry
      if (++listed % namesPerRequest === 0) await this.#requests.turn(options.signal)
    }
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#requests.turn(options.signal)
    await this.#inner.delete(key, options)
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    yield* this.#inner.deleteMany(this.#inTurn(keys, options), options)
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    await this.#requests.turn(options.signal)
    return await this.#inner.sweepUnfinished(prefix, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async *#inTurn(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions,
  ): AsyncGenerator<ObjectKey> {
    let asked = 0
    for await (const key of keys) {
      if (asked++ % namesPerRequest === 0) await this.#requests.turn(options.signal)
      yield key
    }
  }
}
