import type { ContainerClient } from '@azure/storage-blob'
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
  type Random,
  type StorageBackend,
  type StorageCapabilities,
  type StoredObject,
  type SweepOptions,
  type WriterOptions,
} from '@kannery/storage'
import { assertPutSize, commonMeanings, deleteEach, PartWriter } from '@kannery/storage/backend'
import { abortOptions, connect, unlessChanged } from './client.ts'
import type { AzureConfig } from './config.ts'
import { type Attempt, azureError, errors, isAnswer } from './errors.ts'
import { listObjects } from './listing.ts'
import { ObjectNames } from './object-names.ts'
import type { Operation } from './permissions.ts'
import { type Destination, putObject } from './put-object.ts'
import { describe, openReader } from './reader.ts'
import { sweepBlocks } from './sweep.ts'
import { AzureUpload, maxBlocks, partSizes } from './writer.ts'

/** A directory of a container of Azure Blob Storage. An object's version is its ETag. */
export class AzureBackend implements StorageBackend {
  readonly type = 'azure'
  readonly location: string
  readonly capabilities: StorageCapabilities = {
    ifAbsent: true,
    ifVersion: true,
    ifVersionDelete: true,
    ifAbsentAfterDelete: true,
    // Not with a hierarchical namespace, and the backend cannot find out whether there is one.
    orderedList: false,
    retainUntil: false,
    // With the smallest blocks, which a writer with little memory sends.
    maxObjectBytes: maxBlocks * partSizes.leastBytes,
    minRewriteIntervalMs: 0,
  }
  readonly #container: ContainerClient
  readonly #names: ObjectNames
  readonly #random: Random

  private constructor(config: AzureConfig, container: ContainerClient, random: Random) {
    this.#container = container
    this.#names = new ObjectNames(config)
    this.#random = random
    this.location = this.#names.location
  }

  /** Loads the SDK; sends nothing yet. @throws CONFIG_INVALID */
  static async open(
    config: AzureConfig,
    context: Pick<BackendContext, 'credentials' | 'random' | 'signal' | 'userAgent'>,
  ): Promise<AzureBackend> {
    context.signal?.throwIfAborted()
    return new AzureBackend(config, await connect(config, context), context.random)
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    const attempt = this.#attempt('head', key)
    try {
      const blob = this.#container.getBlobClient(this.#names.nameOf(key))
      return describe(key, await blob.getProperties(abortOptions(options.signal)), attempt)
    } catch (error) {
      if (isAnswer(error, 'BlobNotFound')) return undefined
      throw azureError(error, attempt, options)
    }
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    const blob = this.#container.getBlobClient(this.#names.nameOf(key))
    const attempt = this.#attempt('get', key)
    try {
      return await openReader(blob, key, options, attempt)
    } catch (error) {
      // The condition also fails when the object does not exist.
      const { signal } = options
      const isOther = !KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED')
      if (isOther || (await this.head(key, { signal }))) throw error
      throw errors.concluded(commonMeanings.notFound, attempt)
    }
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    assertPutSize(body)
    return await putObject(this.#destination('put', key, options), body)
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    options.signal?.throwIfAborted()
    const upload = new AzureUpload(this.#destination('openWriter', key, options), this.#random)
    return new PartWriter(upload, { ...partSizes, ...options })
  }

  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry> {
    const attempt = this.#attempt('list', prefix)
    return listObjects(this.#container, this.#names, prefix, options, attempt)
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

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    return await sweepBlocks(this.#container, this.#names, prefix, options)
  }

  /** Does nothing: the SDK keeps only idle connections, which close by themselves. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #delete(operation: Operation, key: ObjectKey, options: DeleteOptions): Promise<void> {
    const { ifVersion, signal } = options
    const blob = this.#container.getBlobClient(this.#names.nameOf(key))
    try {
      await blob.delete({ ...unlessChanged(ifVersion), ...abortOptions(signal) })
    } catch (error) {
      if (isAnswer(error, 'BlobNotFound')) return
      // Azure says the same when the object does not exist: then it is deleted.
      const isGone = isAnswer(error, 'ConditionNotMet') && !(await this.head(key, options))
      if (!isGone) throw azureError(error, this.#attempt(operation, key), options)
    }
  }

  /** @throws STORAGE_UNSUPPORTED when the object is to be locked */
  #destination(operation: Operation, key: ObjectKey, options: PutOptions): Destination {
    const attempt = { ...this.#attempt(operation, key), condition: options.condition.kind }
    if (options.retainUntil !== undefined) {
      throw errors.noObjectLock(attempt, {
        why: 'this backend does not set immutability policies',
      })
    }
    const blob = this.#container.getBlockBlobClient(this.#names.nameOf(key))
    return { blob, key, options, attempt }
  }

  #attempt(operation: Operation, key: ObjectKey | KeyPrefix): Attempt {
    return { operation, key, place: this.#names.describe(key) }
  }
}
