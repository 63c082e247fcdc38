import {
  type BackendContext,
  type CallOptions,
  type DeleteOptions,
  type DeleteResult,
  type GetOptions,
  KanneryError,
  type KeyPrefix,
  type ListEntry,
  type ListOptions,
  type ObjectKey,
  type ObjectReader,
  type ObjectWriter,
  type PutOptions,
  type StorageBackend,
  type StorageCapabilities,
  type StoredObject,
  type SweepOptions,
  type WriterOptions,
} from '@kannery/storage'
import { assertPutSize, inBatches, PartWriter } from '@kannery/storage/backend'
import { abortOptions, type Connection, connect } from './client.ts'
import type { S3Config } from './config.ts'
import { deleteBatch, deleteTogether } from './delete-objects.ts'
import { type Attempt, errors, isAnswer, s3Error } from './errors.ts'
import { listObjects, listsInOrder } from './listing.ts'
import { ObjectNames } from './object-names.ts'
import type { Operation } from './permissions.ts'
import { type Destination, putObject } from './put-object.ts'
import { describe, openReader } from './reader.ts'
import { sweepUploads } from './sweep.ts'
import { maxParts, partSizes, S3Upload } from './writer.ts'

/**
 * A folder of a bucket of Amazon S3, or of a store that speaks S3. An object's version is its ETag.
 */
export class S3Backend implements StorageBackend {
  readonly type = 's3'
  readonly location: string
  readonly capabilities: StorageCapabilities
  readonly #connection: Connection
  readonly #config: S3Config
  readonly #names: ObjectNames

  private constructor(config: S3Config, connection: Connection) {
    this.#connection = connection
    this.#config = config
    this.#names = new ObjectNames(config)
    this.location = this.#names.location
    this.capabilities = {
      ifAbsent: true,
      ifVersion: true,
      ifVersionDelete: true,
      ifAbsentAfterDelete: true,
      orderedList: listsInOrder(config),
      retainUntil: config.objectLockMode !== undefined,
      // With the smallest parts, which a writer with little memory sends.
      maxObjectBytes: maxParts * partSizes.leastBytes,
      minRewriteIntervalMs: 0,
    }
  }

  /** Loads the SDK; sends nothing yet. @throws CONFIG_INVALID */
  static async open(
    config: S3Config,
    context: Pick<BackendContext, 'credentials' | 'signal' | 'userAgent'>,
  ): Promise<S3Backend> {
    context.signal?.throwIfAborted()
    return new S3Backend(config, await connect(config, context))
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    const { client, sdk } = this.#connection
    const attempt = this.#attempt('head', key)
    try {
      const command = new sdk.HeadObjectCommand(this.#identify(key))
      return describe(key, await client.send(command, abortOptions(options.signal)), attempt)
    } catch (error) {
      if (isAnswer(error) && isDefinite(error)) return await this.#lookCloser(key, options)
      throw s3Error(error, attempt, options)
    }
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    return await this.#read(key, options, this.#attempt('get', key))
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    assertPutSize(body)
    return await putObject(this.#connection, this.#destination('put', key, options), body)
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    options.signal?.throwIfAborted()
    const destination = this.#destination('openWriter', key, options)
    const upload = new S3Upload(this.#connection, destination)
    return new PartWriter(upload, { ...partSizes, ...options })
  }

  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry> {
    const attempt = this.#attempt('list', prefix)
    const listOptions = this.capabilities.orderedList
      ? options
      : { ...options, startAfter: undefined }
    return listObjects(this.#connection, this.#names, prefix, listOptions, attempt)
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { client, sdk } = this.#connection
    const { ifVersion, signal } = options
    const command = new sdk.DeleteObjectCommand({
      ...this.#identify(key),
      IfMatch: ifVersion,
    })
    try {
      await client.send(command, abortOptions(signal))
    } catch (error) {
      if (isAnswer(error, 'NoSuchKey')) return
      // Some stores say the same when the object does not exist: then it is deleted.
      const isGone = isAnswer(error, 'PreconditionFailed') && !(await this.head(key, options))
      if (!isGone) throw s3Error(error, this.#attempt('delete', key), options)
    }
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    for await (const batch of inBatches(keys, deleteBatch)) {
      yield* await deleteTogether(this.#connection, this.#names, batch, options)
    }
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    return await sweepUploads(this.#connection, this.#names, prefix, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.client.destroy()
  }

  /**
   * Asks once more with GET: an answer to HEAD has no body, so that it does not say what is missing
   * or why a request is refused.
   */
  async #lookCloser(key: ObjectKey, options: CallOptions): Promise<StoredObject | undefined> {
    try {
      await using reader = await this.#read(key, options, this.#attempt('head', key))
      return reader.info
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
      throw error
    }
  }

  async #read(key: ObjectKey, options: GetOptions, attempt: Attempt): Promise<ObjectReader> {
    return await openReader(this.#connection, this.#identify(key), key, options, attempt)
  }

  #identify(key: ObjectKey): { Bucket: string; Key: string } {
    return { Bucket: this.#names.bucket, Key: this.#names.nameOf(key) }
  }

  /** @throws STORAGE_UNSUPPORTED when the object is to be locked and cannot be */
  #destination(operation: Operation, key: ObjectKey, options: PutOptions): Destination {
    const attempt = { ...this.#attempt(operation, key), condition: options.condition.kind }
    if (options.retainUntil !== undefined && !this.capabilities.retainUntil) {
      throw errors.noObjectLock(attempt, {
        remedy: 'Give the option objectLockMode, and a bucket that was made with object lock.',
      })
    }
    const { bucket } = this.#names
    const name = this.#names.nameOf(key)
    return { bucket, name, key, config: this.#config, options, attempt }
  }

  #attempt(operation: Operation, key: ObjectKey | KeyPrefix): Attempt {
    return { operation, key, place: this.#names.describe(key) }
  }
}

/** Whether S3 decided: after a fault or throttling, the next request may fail likewise. */
function isDefinite(error: { readonly $metadata: { readonly httpStatusCode?: number } }): boolean {
  const status = error.$metadata.httpStatusCode ?? 0
  return status < 500 && status !== 429
}
