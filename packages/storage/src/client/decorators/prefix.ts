import type {
  CallOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  ObjectWriter,
  PutOptions,
  StorageBackend,
  StorageCapabilities,
  StoredObject,
  SweepOptions,
  WriterOptions,
} from '../../backend.ts'
import { type KeyPrefix, keyPrefix, type ObjectKey, objectKey } from '../../object-key.ts'

/** A storage in a folder of another one: no key names anything outside the folder. */
export class PrefixedStorage implements StorageBackend {
  readonly #inner: StorageBackend
  readonly #prefix: KeyPrefix

  constructor(inner: StorageBackend, prefix: KeyPrefix) {
    this.#inner = inner
    this.#prefix = keyPrefix(prefix)
  }

  get type(): string {
    return this.#inner.type
  }

  get location(): string | undefined {
    const { location } = this.#inner
    return location === undefined ? undefined : `${location}/${this.#prefix.slice(0, -1)}`
  }

  get capabilities(): StorageCapabilities {
    return this.#inner.capabilities
  }

  async head(key: ObjectKey, options?: CallOptions): Promise<StoredObject | undefined> {
    const info = await this.#inner.head(this.#outer(key), options)
    return info && this.#innerInfo(info)
  }

  async get(key: ObjectKey, options?: GetOptions): Promise<ObjectReader> {
    const reader = await this.#inner.get(this.#outer(key), options)
    return {
      info: this.#innerInfo(reader.info),
      body: reader.body,
      [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    return this.#innerInfo(await this.#inner.put(this.#outer(key), body, options))
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    const writer = await this.#inner.openWriter(this.#outer(key), options)
    return {
      write: (chunk) => writer.write(chunk),
      commit: async () => this.#innerInfo(await writer.commit()),
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    }
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    const { startAfter, ...others } = options
    const outerOptions =
      startAfter === undefined ? others : { ...others, startAfter: this.#outer(startAfter) }
    const outerPrefix = keyPrefix(`${this.#prefix}${keyPrefix(prefix)}`)
    for await (const entry of this.#inner.list(outerPrefix, outerOptions)) {
      if (entry.kind === 'object') yield { kind: 'object', info: this.#innerInfo(entry.info) }
      else yield { kind: 'folder', prefix: keyPrefix(this.#innerName(entry.prefix)) }
    }
  }

  async delete(key: ObjectKey, options?: DeleteOptions): Promise<void> {
    await this.#inner.delete(this.#outer(key), options)
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    const outer = (key: ObjectKey): ObjectKey => this.#outer(key)
    const outerKeys = async function* (): AsyncGenerator<ObjectKey> {
      for await (const key of keys) yield outer(key)
    }
    for await (const result of this.#inner.deleteMany(outerKeys(), options)) {
      yield { ...result, key: this.#innerName(result.key) }
    }
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    return await this.#inner.sweepUnfinished(keyPrefix(`${this.#prefix}${keyPrefix(prefix)}`), {
      ...options,
      isOurs: (key) => options.isOurs(this.#innerName(key)),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  /** Returns the key in the outer storage, which is checked, too: it may be too long. */
  #outer(key: ObjectKey): ObjectKey {
    return objectKey(`${this.#prefix}${objectKey(key)}`)
  }

  #innerName(key: string): ObjectKey {
    return key.slice(this.#prefix.length) as ObjectKey
  }

  #innerInfo<Info extends ObjectInfo>(info: Info): Info {
    return { ...info, key: this.#innerName(info.key) }
  }
}
