import type {
  CallOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectReader,
  ObjectWriter,
  PartSender,
  PutOptions,
  StorageBackend,
  StorageCapabilities,
  StoredObject,
  SweepOptions,
  WriterOptions,
} from '../../../backend.ts'
import { eitherSignal } from '../../../concurrency/either-signal.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'
import type { KeyPrefix, ObjectKey } from '../../../object-key.ts'
import { writeCertainly } from './certain-write.ts'
import { CertainWriter } from './certain-writer.ts'
import { type Content, contentOfBytes } from './content.ts'
import { ResumingReader } from './resuming-reader.ts'
import { deletePersistently } from './retried-deletions.ts'
import { listPersistently } from './retried-listing.ts'
import { Patience, type RetryEnvironment } from './retry-deadline.ts'

/**
 * Repeats what may be repeated, until a deadline, and finds out what became of writes whose answer
 * was lost.
 */
export class RetryingStorage implements StorageBackend {
  readonly #inner: StorageBackend
  readonly #environment: RetryEnvironment
  readonly capabilities: StorageCapabilities

  constructor(
    inner: StorageBackend,
    environment: RetryEnvironment,
    capabilities: Partial<StorageCapabilities> = {},
  ) {
    this.#inner = inner
    this.#environment = environment
    this.capabilities = { ...inner.capabilities, ...capabilities }
  }

  get type(): string {
    return this.#inner.type
  }

  get location(): string | undefined {
    return this.#inner.location
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    return await this.#patience(options).insist((signal) => this.#inner.head(key, { signal }))
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const { signal: _, ...getOptions } = options
    return await this.#read(key, getOptions, this.#patience(options))
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    const patience = this.#patience(options)
    return await writeCertainly({
      operation: 'put',
      key,
      patience,
      attempt: (signal, onProgress) =>
        this.#inner.put(key, body, { ...options, signal, onProgress }),
      recognise: () => this.#findWritten(key, contentOfBytes(body), patience),
    })
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const givenUp = new AbortController()
    const ending = this.#patience(options)
    const sendPart: PartSender = (_bytes, send) =>
      ending.excluding(() =>
        this.#patience(options).insist((_signal, onProgress) => send(onProgress)),
      )
    const signal = eitherSignal(options.signal, givenUp.signal)
    const onProgress = (): void => ending.renew()
    const writer = await this.#patience(options).insist((attempt) =>
      inTime(this.#inner.openWriter(key, { ...options, sendPart, signal, onProgress }), attempt),
    )
    return new CertainWriter(writer, {
      key,
      patience: ending,
      giveUp: (reason) => givenUp.abort(reason),
      find: (written) => this.#findWritten(key, written, this.#patience(options)),
    })
  }

  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry> {
    return listPersistently(this.#inner, prefix, options, this.#patience(options))
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    if (options.ifVersion !== undefined && !this.capabilities.ifVersionDelete) {
      throw cannotDeleteConditionally(key)
    }
    await writeCertainly({
      operation: 'delete',
      key,
      patience: this.#patience(options),
      attempt: (signal) => this.#inner.delete(key, { ...options, signal }),
      // Another version is there: whether ours was deleted or replaced before cannot be told.
      recognise: async () => undefined,
    })
  }

  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncIterable<DeleteResult> {
    return deletePersistently(this.#inner, keys, options, () => this.#patience(options))
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    const patience = this.#patience(options)
    for (;;) {
      try {
        return await this.#inner.sweepUnfinished(prefix, options)
      } catch (error) {
        await patience.pauseAfter(error)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  #patience(options: CallOptions): Patience {
    return new Patience(this.#environment, options.signal)
  }

  async #read(
    key: ObjectKey,
    getOptions: Omit<GetOptions, 'signal'>,
    patience: Patience,
  ): Promise<ObjectReader> {
    return await ResumingReader.open({
      getOptions,
      patience,
      open: (attemptOptions, signal) =>
        inTime(this.#inner.get(key, { ...attemptOptions, signal }), signal),
    })
  }

  /** What is there now, if it has this content. */
  async #findWritten(
    key: ObjectKey,
    written: Content,
    patience: Patience,
  ): Promise<StoredObject | undefined> {
    try {
      await using reader = await this.#read(key, {}, patience)
      if (reader.info.size !== written.size) return undefined
      return (await written.isSameAs(reader.body)) ? reader.info : undefined
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
      throw error
    }
  }
}

function cannotDeleteConditionally(key: ObjectKey): KanneryError {
  return new KanneryError('STORAGE_UNSUPPORTED', `cannot delete under a condition here: ${key}`, {
    why: 'the storage ignores the condition, or does not know it',
    facts: { operation: 'delete', key },
  })
}

/** What comes after we had stopped to wait for it is closed. */
async function inTime<T extends AsyncDisposable>(
  opened: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const value = await opened
  if (!signal.aborted) return value
  await value[Symbol.asyncDispose]()
  throw signal.reason
}
