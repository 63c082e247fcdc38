import type { Bucket, File } from '@google-cloud/storage'
import type {
  BackendContext,
  CallOptions,
  DeleteOptions,
  DeleteResult,
  GetOptions,
  KeyPrefix,
  ListEntry,
  ListOptions,
  ObjectKey,
  ObjectReader,
  ObjectWriter,
  PutOptions,
  StorageBackend,
  StorageCapabilities,
  StoredObject,
  SweepOptions,
  WriterOptions,
} from '@kannery/storage'
import { assertPutSize, commonMeanings, deleteEach, PartWriter } from '@kannery/storage/backend'
import { answeredAt } from './answer.ts'
import { connect } from './client.ts'
import type { GcsConfig } from './config.ts'
import { type Attempt, errors, NotFound } from './errors.ts'
import { askForPage, listObjects } from './listing.ts'
import { describe, type Metadata, metadataFields } from './metadata.ts'
import { ObjectNames } from './object-names.ts'
import type { Operation } from './permissions.ts'
import { type Destination, putObject } from './put-object.ts'
import { openReader } from './reader.ts'
import { addToRequest, callSdk, jsonOf } from './sdk-call.ts'
import { GcsUpload, partSizes } from './writer.ts'

/** A folder of a bucket of Google Cloud Storage. An object's version is its generation. */
export class GcsBackend implements StorageBackend {
  readonly type = 'gcs'
  readonly location: string
  readonly capabilities: StorageCapabilities = {
    ifAbsent: true,
    ifVersion: true,
    ifVersionDelete: true,
    ifAbsentAfterDelete: true,
    orderedList: true,
    retainUntil: false,
    // https://cloud.google.com/storage/quotas#objects: 5 TiB, and one write of the same object per
    // second.
    maxObjectBytes: 5 * 1024 ** 4,
    minRewriteIntervalMs: 1000,
  }
  readonly #bucket: Bucket
  readonly #names: ObjectNames

  private constructor(config: GcsConfig, bucket: Bucket) {
    this.#bucket = bucket
    this.#names = new ObjectNames(config)
    this.location = this.#names.location
  }

  /** Loads the SDK; sends nothing yet. @throws CONFIG_INVALID */
  static async open(
    config: GcsConfig,
    context: Pick<BackendContext, 'access' | 'credentials' | 'signal' | 'userAgent'>,
  ): Promise<GcsBackend> {
    context.signal?.throwIfAborted()
    return new GcsBackend(config, await connect(config, context))
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    const attempt = this.#attempt('head', key)
    const file = this.#file(key)
    addToRequest(file, { query: { fields: metadataFields } })
    try {
      const [metadata, answer] = await callSdk(() => file.getMetadata(), attempt, options)
      const stored = jsonOf<Metadata>(metadata, attempt)
      return describe(key, { ...stored, answeredAt: answeredAt(answer) }, attempt)
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      await this.#assertBucket(attempt, options)
      return undefined
    }
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const attempt = this.#attempt('get', key)
    try {
      return await openReader(this.#file(key), key, options, attempt)
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      await this.#assertBucket(attempt, options)
      throw errors.concluded(commonMeanings.notFound, attempt)
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    assertPutSize(body)
    return await putObject(this.#destination('put', key, options), body)
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    options.signal?.throwIfAborted()
    const upload = new GcsUpload(this.#destination('openWriter', key, options))
    return new PartWriter(upload, { ...partSizes, ...options })
  }

  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry> {
    const attempt = this.#attempt('list', prefix)
    return listObjects(this.#bucket, this.#names, prefix, options, attempt)
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#delete('delete', key, options)
  }

  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncIterable<DeleteResult> {
    return deleteEach(keys, (key) => this.#delete('deleteMany', key, options), options)
  }

  /** Does nothing: Google does not bill upload sessions, and ends them after a week. */
  async sweepUnfinished(_prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    options.signal?.throwIfAborted()
    return 0
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #delete(operation: Operation, key: ObjectKey, options: DeleteOptions): Promise<void> {
    const attempt = this.#attempt(operation, key)
    const { ifVersion } = options
    const condition = { ...(ifVersion && { ifGenerationMatch: ifVersion }) }
    try {
      await callSdk(() => this.#file(key).delete(condition), attempt, options)
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      await this.#assertBucket(attempt, options)
    }
  }

  /**
   * Finds out whether a 404 was about the bucket, by a listing: an identity that gets 404 instead
   * of 403 may list.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND
   */
  async #assertBucket(attempt: Attempt, options: CallOptions): Promise<void> {
    const query = { maxResults: 1, fields: 'kind' }
    await askForPage(this.#bucket, query, attempt, options)
  }

  /** Returns a file of the SDK for one request. */
  #file(key: ObjectKey): File {
    return this.#bucket.file(this.#names.nameOf(key))
  }

  /** @throws STORAGE_UNSUPPORTED when the object is to be locked */
  #destination(operation: Operation, key: ObjectKey, options: PutOptions): Destination {
    const attempt = { ...this.#attempt(operation, key), condition: options.condition.kind }
    if (options.retainUntil !== undefined) {
      throw errors.noObjectLock(attempt, { why: 'this backend does not set retention' })
    }
    return { file: () => this.#file(key), key, options, attempt }
  }

  #attempt(operation: Operation, key: ObjectKey | KeyPrefix): Attempt {
    return { operation, key, place: this.#names.describe(key) }
  }
}
