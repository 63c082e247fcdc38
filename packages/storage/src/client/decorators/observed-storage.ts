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
import { KanneryError } from '../../errors/kannery-error.ts'
import type { KeyPrefix, ObjectKey } from '../../object-key.ts'
import type { StorageAttempt, StorageObserver, StorageOperation } from './observer.ts'

/** Reports each attempt to an observer. */
export class ObservedStorage implements StorageBackend {
  readonly #inner: StorageBackend
  readonly #clock: Clock
  readonly #observer: StorageObserver

  constructor(inner: StorageBackend, clock: Clock, observer: StorageObserver) {
    this.#inner = inner
    this.#clock = clock
    this.#observer = observer
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
    return await this.#start('head', key).whole(() => this.#inner.head(key, options))
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const attempt = this.#start('get', key)
    const reader = await attempt.step(() => this.#inner.get(key, options))
    return {
      info: reader.info,
      body: attempt.pieces(reader.body, (chunk) => chunk.byteLength),
      [Symbol.asyncDispose]: async () => {
        await reader[Symbol.asyncDispose]()
        attempt.end()
      },
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    const attempt = this.#start('put', key, body.byteLength)
    return await attempt.whole(() => this.#inner.put(key, body, options))
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const { sendPart = async (_bytes, send) => await send(() => undefined) } = options
    let unsent = 0
    const observedPart: WriterOptions['sendPart'] = async (bytes, send) => {
      unsent -= bytes
      return await sendPart(bytes, (onProgress) =>
        this.#start('part', key, bytes).whole(() => send(onProgress)),
      )
    }
    const writer = await this.#start('openWriter', key).whole(() =>
      this.#inner.openWriter(key, { ...options, sendPart: observedPart }),
    )
    return {
      write: async (chunk) => {
        unsent += chunk.byteLength
        await writer.write(chunk)
      },
      // Without parts, all bytes are sent by the commit.
      commit: () => this.#start('commit', key, unsent).whole(() => writer.commit()),
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    }
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    yield* this.#start('list', prefix).pieces(this.#inner.list(prefix, options), () => 0)
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#start('delete', key).whole(() => this.#inner.delete(key, options))
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    yield* this.#start('deleteMany', '').pieces(this.#inner.deleteMany(keys, options), () => 0)
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    const attempt = this.#start('sweepUnfinished', prefix)
    return await attempt.whole(() => this.#inner.sweepUnfinished(prefix, options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  #start(operation: StorageOperation, key: string, requestBytes = 0): ObservedAttempt {
    return new ObservedAttempt(this.#clock, this.#observer, { operation, key, requestBytes })
  }
}

interface AttemptStart {
  readonly operation: StorageOperation
  readonly key: string
  readonly requestBytes: number
}

class ObservedAttempt {
  readonly #clock: Clock
  readonly #observer: StorageObserver
  readonly #start: AttemptStart
  #durationMs = 0
  #responseBytes = 0
  #ended = false

  constructor(clock: Clock, observer: StorageObserver, start: AttemptStart) {
    this.#clock = clock
    this.#observer = observer
    this.#start = start
  }

  /** Runs an attempt that consists of this step alone. */
  async whole<T>(call: () => Promise<T>): Promise<T> {
    const value = await this.step(call)
    this.end()
    return value
  }

  /** Runs a step that others may follow unless it fails. */
  async step<T>(call: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonic()
    try {
      return await call()
    } catch (error) {
      this.end(error)
      throw error
    } finally {
      this.#durationMs += this.#clock.monotonic() - startMs
    }
  }

  async *pieces<T>(source: AsyncIterable<T>, bytesOf: (piece: T) => number): AsyncGenerator<T> {
    const iterator = source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await this.step(() => iterator.next())
        if (done === true) return
        this.#responseBytes += bytesOf(value)
        yield value
      }
    } finally {
      await iterator.return?.()
      this.end()
    }
  }

  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#observer.onAttempt({
      ...this.#start,
      durationMs: this.#durationMs,
      responseBytes: this.#responseBytes,
      ...(error === undefined ? {} : describe(error)),
    })
  }
}

function describe(error: unknown): Pick<StorageAttempt, 'error' | 'why'> {
  if (!KanneryError.is(error)) return { error: 'INTERNAL' }
  return { error: error.code, why: error.why }
}
