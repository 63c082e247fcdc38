import { join } from 'node:path'
import { KanneryError, type Random } from '@kannery/storage'
import { isErrno } from '../errors.ts'
import { machineryName, newId } from '../object-names.ts'
import { makeFile, makeFolder } from './durable.ts'
import type { FileSystem } from './file-system.ts'

/**
 * Enough for the probes, a lease, a heartbeat, and an index with its pages beside those that they
 * replace.
 */
const reserveBytes = 1024 * 1024

/**
 * Space for small writes and deletions on a full disk: a file that is removed for them, and made
 * again afterwards. Reasons and alternatives: docs/adr/0123-keep-a-reserve-on-a-disk.md.
 */
export class Reserve {
  readonly #files: FileSystem
  readonly #random: Random
  readonly #machinery: string
  readonly #path: string
  #lastUse: Promise<unknown> = Promise.resolve()

  constructor(root: string, files: FileSystem, random: Random) {
    this.#files = files
    this.#random = random
    this.#machinery = join(root, machineryName)
    this.#path = join(this.#machinery, 'reserve')
  }

  /** Makes the reserve unless it exists. @throws ENOSPC or EDQUOT, as Node.js throws them */
  async keep(): Promise<void> {
    if (await this.#exists()) return
    await makeFolder(this.#files, this.#machinery)
    const unfinished = join(this.#machinery, `unfinished-${newId(this.#random)}`)
    // Zeros would take no space where the file system compresses.
    await makeFile(this.#files, unfinished, this.#random.bytes(reserveBytes))
    await this.#files.rename(unfinished, this.#path)
  }

  /**
   * Makes a change, and once more without the reserve if the disk was full.
   *
   * @param change rejects with STORAGE_FULL only when it changed nothing
   */
  async lendTo<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await change()
    } catch (error) {
      if (!KanneryError.is(error, 'STORAGE_FULL')) throw error
    }
    // One at a time: the reserve that one makes again takes the room of the next.
    const use = this.#lastUse.then(() => this.#without(change))
    this.#lastUse = use.catch(() => undefined)
    return await use
  }

  async #without<T>(change: () => Promise<T>): Promise<T> {
    // It needs no space. Where it fails, so does the change, and says why.
    await this.#files.rm(this.#path, { force: true }).catch(() => undefined)
    try {
      return await change()
    } finally {
      // Where there is no room for it yet, the next segment fails instead.
      await this.keep().catch(() => undefined)
    }
  }

  async #exists(): Promise<boolean> {
    try {
      await this.#files.lstat(this.#path)
      return true
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false
      throw error
    }
  }
}
