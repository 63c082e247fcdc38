import fs from 'node:fs/promises'
import { join } from 'node:path'
import {
  asError,
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
import { assertPutSize, inBatches } from '@kannery/storage/backend'
import { type Claims, judge } from './claims.ts'
import type { VolumeConfig } from './config.ts'
import { fileMode, isRealFolder, makeFile, newFile } from './disk/durable.ts'
import type { FileSystem } from './disk/file-system.ts'
import { withGroupAccess } from './disk/group-access.ts'
import { Reserve } from './disk/reserve.ts'
import { UnflushedNames } from './disk/unflushed-names.ts'
import { type Attempt, isErrno, notDurable, unsupported, volumeError } from './errors.ts'
import { listFolder } from './listing.ts'
import { folderOf, namesOf, newId, type ObjectNames } from './object-names.ts'
import { describe, statObject } from './object-stats.ts'
import { openReader } from './reader.ts'
import { type Environment, Root } from './root.ts'
import { sweepFolder } from './sweep.ts'
import { VolumeWriter } from './writer.ts'

/** How often a `put` starts over when its unfinished file is swept. */
const maxRewrites = 8
const deleteBatch = 256

/**
 * A folder on a mounted disk. Keys are paths below it, visible and readable with any tool.
 * `.kannery` in each folder holds unfinished files; the one in the storage's own folder also holds
 * the reserve. Any number of processes may write at once. What a person changes or deletes by hand
 * counts at once.
 */
export class VolumeBackend implements StorageBackend {
  readonly type = 'volume'
  readonly location = undefined
  readonly capabilities: StorageCapabilities = {
    ifAbsent: true,
    ifVersion: true,
    ifVersionDelete: true,
    ifAbsentAfterDelete: true,
    orderedList: true,
    retainUntil: false,
    maxObjectBytes: Number.MAX_SAFE_INTEGER,
    minRewriteIntervalMs: 0,
  }
  readonly #files: FileSystem
  readonly #random: Random
  readonly #unflushed: UnflushedNames
  readonly #root: Root
  readonly #reserve: Reserve

  private constructor(config: VolumeConfig, environment: Environment, files: FileSystem) {
    this.#files = files
    this.#random = environment.random
    this.#unflushed = new UnflushedNames(files)
    this.#root = new Root(config.path, { files, environment, unflushed: this.#unflushed })
    this.#reserve = new Reserve(config.path, files, environment.random)
  }

  /**
   * Touches nothing: the first write makes a folder that does not exist, the first read reports it.
   */
  static async open(
    config: VolumeConfig,
    context: Pick<BackendContext, 'clock' | 'random' | 'signal'>,
    files: FileSystem = fs,
  ): Promise<VolumeBackend> {
    context.signal?.throwIfAborted()
    const own = config.access === 'group' ? withGroupAccess(files) : files
    return new VolumeBackend(config, context, own)
  }

  async head(key: ObjectKey, options: CallOptions = {}): Promise<StoredObject | undefined> {
    return await this.#reading('head', key, options, async (names, attempt) => {
      const stats = await statObject(this.#files, attempt)
      return stats && describe(names.key, stats)
    })
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectReader> {
    return await this.#reading('get', key, options, async (names, attempt) =>
      openReader(this.#files, names.key, options, attempt),
    )
  }

  async put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    assertPutSize(body)
    return await this.#reserve.lendTo(() => this.#put(key, body, options))
  }

  async openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter> {
    return await this.#writing('openWriter', key, options, async (names, claims, attempt) => {
      const path = this.#unfinishedPath(names)
      const handle = await this.#files.open(path, newFile, fileMode)
      const explain = (error: unknown): unknown => volumeError(error, attempt)
      return new VolumeWriter({
        handle,
        maxBufferedBytes: options.maxBufferedBytes,
        explain,
        publish: async () => {
          try {
            options.signal?.throwIfAborted()
            await this.#reserve.keep()
            const stats = await claims.publish(names, path, options.condition, attempt)
            return describe(names.key, stats)
          } catch (error) {
            await this.#discard(path)
            throw explain(error)
          }
        },
        abandon: () => this.#discard(path),
      })
    })
  }

  async *list(prefix: KeyPrefix, options: ListOptions): AsyncGenerator<ListEntry> {
    let attempt: Attempt = { operation: 'list', key: prefix, path: this.#root.path }
    try {
      options.signal?.throwIfAborted()
      const root = await this.#root.realPath(attempt)
      const folder = folderOf(root, prefix)
      attempt = { ...attempt, path: folder }
      if (!(await isRealFolder(this.#files, folder))) {
        await this.#root.assertExists(attempt)
        return
      }
      yield* listFolder(this.#files, folder, prefix, options)
    } catch (error) {
      throw volumeError(error, attempt)
    }
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const names = await this.#remove(key, options)
    if (names !== undefined) await this.#flushRemoved(names.folder, [names])
  }

  async *deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    for await (const batch of inBatches(keys, deleteBatch)) {
      yield* await this.#removeTogether(batch, options)
    }
  }

  async sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number> {
    const attempt: Attempt = { operation: 'sweepUnfinished', key: prefix, path: this.#root.path }
    try {
      options.signal?.throwIfAborted()
      const folder = folderOf(await this.#root.realPath(attempt), prefix)
      if (!(await isRealFolder(this.#files, folder))) return 0
      return await sweepFolder(this.#files, folder, { ...options, random: this.#random })
    } catch (error) {
      throw volumeError(error, attempt)
    }
  }

  /** Does nothing: nothing stays open between calls. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject> {
    return await this.#writing('put', key, options, async (names, claims, attempt) => {
      judge(options.condition, await statObject(this.#files, attempt), attempt)
      for (let rewrites = 0; ; rewrites++) {
        try {
          const unfinished = this.#unfinishedPath(names)
          await makeFile(this.#files, unfinished, body)
          options.signal?.throwIfAborted()
          const stats = await claims.publish(names, unfinished, options.condition, attempt)
          return describe(names.key, stats)
        } catch (error) {
          if (!isGone(error) || rewrites === maxRewrites) throw error
          await this.#root.prepareFolder(names)
        }
      }
    })
  }

  async #reading<T>(
    operation: string,
    key: ObjectKey,
    options: CallOptions,
    read: (names: ObjectNames, attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    let attempt: Attempt = { operation, key, path: this.#root.path }
    try {
      options.signal?.throwIfAborted()
      const names = namesOf(await this.#root.realPath(attempt), key)
      attempt = { ...attempt, path: names.path }
      // Without the storage's own folder (the disk may not be mounted) nothing is known about the
      // object.
      if (await isRealFolder(this.#files, names.folder)) await this.#assertDurable(names, attempt)
      else await this.#root.assertExists(attempt)
      return await read(names, attempt)
    } catch (error) {
      throw volumeError(error, attempt)
    }
  }

  async #writing<T>(
    operation: string,
    key: ObjectKey,
    options: PutOptions | DeleteOptions,
    write: (names: ObjectNames, claims: Claims, attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    let attempt: Attempt = { operation, key, path: this.#root.path }
    try {
      options.signal?.throwIfAborted()
      if ('retainUntil' in options && options.retainUntil !== undefined) {
        throw unsupported('a folder cannot lock objects until a date', { attempt })
      }
      const { root, claims } = await this.#root.prepare(attempt)
      const names = namesOf(root, key)
      attempt = { ...attempt, path: names.path }
      await this.#root.prepareFolder(names)
      return await write(names, claims, attempt)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) await this.#root.assertExists(attempt)
      throw volumeError(error, attempt)
    }
  }

  /** Returns the names whose folder has to be flushed, or undefined if no object existed. */
  async #remove(key: ObjectKey, options: DeleteOptions): Promise<ObjectNames | undefined> {
    // Deleting in a folder that does not exist must not make it.
    if ((await this.head(key, options)) === undefined) return undefined
    return await this.#reserve.lendTo(() =>
      this.#writing('delete', key, options, async (names, claims, attempt) =>
        (await claims.remove(names, options.ifVersion, attempt)) ? names : undefined,
      ),
    )
  }

  async #removeTogether(
    keys: readonly ObjectKey[],
    options: CallOptions,
  ): Promise<readonly DeleteResult[]> {
    const folders = new Map<string, ObjectNames[]>()
    const errors = new Map<ObjectKey, Error>()
    const fail = (key: ObjectKey, error: unknown): void => {
      errors.set(key, asError(error))
    }
    for (const key of keys) {
      options.signal?.throwIfAborted()
      try {
        const names = await this.#remove(key, options)
        if (names === undefined) continue
        folders.set(names.folder, [...(folders.get(names.folder) ?? []), names])
      } catch (error) {
        fail(key, error)
      }
    }
    for (const [folder, removed] of folders) {
      try {
        await this.#flushRemoved(folder, removed)
      } catch (error) {
        for (const { key } of removed) fail(key, error)
      }
    }
    return keys.map((key) => {
      const error = errors.get(key)
      return error === undefined ? { key } : { key, error }
    })
  }

  async #flushRemoved(folder: string, removed: readonly ObjectNames[]): Promise<void> {
    const paths = removed.map(({ path }) => path)
    try {
      await this.#unflushed.flush(folder, paths)
    } catch (error) {
      const key = removed.map((names) => names.key).join(', ')
      throw volumeError(error, { operation: 'delete', key, path: folder })
    }
  }

  async #assertDurable(names: ObjectNames, attempt: Attempt): Promise<void> {
    try {
      await this.#unflushed.flush(names.folder, [names.path])
    } catch (error) {
      throw notDurable(attempt, error)
    }
  }

  #unfinishedPath(names: ObjectNames): string {
    return join(names.machinery, `unfinished-${newId(this.#random)}`)
  }

  async #discard(path: string): Promise<void> {
    await this.#files.rm(path, { force: true }).catch(() => undefined)
  }
}

/** Whether the unfinished file, or the folder around it, was removed in the meantime. */
function isGone(error: unknown): boolean {
  return KanneryError.is(error, 'STORAGE_REWRITE_NEEDED') || isErrno(error, 'ENOENT')
}
