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
import { eitherSignal } from '../../../concurrency/abort-signals.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'
import type { KeyPrefix, ObjectKey } from '../../../object-key.ts'
import { writeCertainly } from './certain-write.ts'
import { CertainWriter } from './certain-writer.ts'
import { type Content, contentOfBytes } from './content.ts'
import { ResumingReader } from './resuming-reader.ts'
import { deletePersistently } from './retried-deletions.ts'
import { listPersistently } from './retried-listing.ts'
import { RetryDeadline, type RetryEnvironment } from './retry-deadline.ts'

/**
 * Repeats calls that may be repeated, until a deadline, and finds out the outcome of writes whose
 * answer was lost.
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
    return await this.#deadline(options).insist((signal) => this.#inner.head(key, { signal }))
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const { signal: _, ...getOptions } = options
    return await this.#read(key, getOptions, this.#deadline(options))
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    const deadline = this.#deadline(options)
    return await writeCertainly({
      operation: 'put',
      key,
      deadline,
      attempt: (signal, onProgress) =>
        this.#inner.put(key, body, { ...options, signal, onProgress }),
      recognise: () => this.#findWritten(key, contentOfBytes(body), deadline),
    })
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const givenUp = new AbortController()
    const ending = this.#deadline(options)
    const sendPart: PartSender = (_bytes, send) =>
      ending.excluding(() =>
        this.#deadline(options).insist((_signal, onProgress) => send(onProgress)),
      )
    const signal = eitherSignal(options.signal, givenUp.signal)
    const onProgress = (): void => ending.renew()
    const writer = await this.#deadline(options).insist((attempt) =>
      inTime(this.#inner.openWriter(key, { ...options, sendPart, signal, onProgress }), attempt),
    )
    return new CertainWriter(writer, {
      key,
      deadline: ending,
      giveUp: (reason) => givenUp.abort(reason),
      find: (written) => this.#findWritten(key, written, this.#deadline(options)),
    })
  }

  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry> {
    return listPersistently(this.#inner, prefix, options, this.#deadline(options))
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    if (options.ifVersion !== undefined && !this.capabilities.ifVersionDelete) {
      throw cannotDeleteConditionally(key)
    }
    await writeCertainly({
      operation: 'delete',
      key,
      deadline: this.#deadline(options),
      attempt: (signal) => this.#inner.delete(key, { ...options, signal }),
      // Another version exists: it cannot be known whether ours was deleted or replaced before.
      recognise: async () => undefined,
    })
  }

  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncIterable<DeleteResult> {
    return deletePersistently(this.#inner, keys, options, () => this.#deadline(options))
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    const deadline = this.#deadline(options)
    for (;;) {
      try {
        return await this.#inner.sweepUnfinished(prefix, options)
      } catch (error) {
        await deadline.pauseAfter(error)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  #deadline(options: CallOptions): RetryDeadline {
    return new RetryDeadline(this.#environment, options.signal)
  }

  async #read(
    key: ObjectKey,
    getOptions: Omit<GetOptions, 'signal'>,
    deadline: RetryDeadline,
  ): Promise<ObjectReader> {
    return await ResumingReader.open({
      getOptions,
      deadline,
      open: (attemptOptions, signal) =>
        inTime(this.#inner.get(key, { ...attemptOptions, signal }), signal),
    })
  }

  /** Returns the stored object if it has this content. */
  async #findWritten(
    key: ObjectKey,
    written: Content,
    deadline: RetryDeadline,
  ): Promise<StoredObject | undefined> {
    try {
      await using reader = await this.#read(key, {}, deadline)
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

/** Closes a resource that arrives after the wait for it was given up. */
async function inTime<T extends AsyncDisposable>(
  opened: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const value = await opened
  if (!signal.aborted) return value
  await value[Symbol.asyncDispose]()
  throw signal.reason
}
