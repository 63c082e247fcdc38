import { dirname } from 'node:path'
import type { BackendContext } from '@kannery/storage'
import { Claims } from './claims.ts'
import { isRealFolder, makeFolder, makeFoldersDurably } from './disk/durable.ts'
import type { FileSystem } from './disk/file-system.ts'
import { mountOf, reasonAgainst } from './disk/mount.ts'
import { probeFileSystem } from './disk/probe-file-system.ts'
import type { UnflushedNames } from './disk/unflushed-names.ts'
import { type Attempt, containerNotFound, isErrno, unsupported } from './errors.ts'
import type { Place } from './object-names.ts'

/** What this backend takes from its context. */
export type Environment = Pick<BackendContext, 'clock' | 'random'>

export interface RootOptions {
  readonly files: FileSystem
  readonly environment: Environment
  readonly unflushed: UnflushedNames
}

interface Prepared {
  readonly root: string
  readonly claims: Claims
}

/** The storage's own folder: found for reading; made, probed and prepared for writing. */
export class Root {
  readonly path: string
  readonly #files: FileSystem
  readonly #environment: Environment
  readonly #unflushed: UnflushedNames
  readonly #durableFolders = new Set<string>()
  #prepared: Promise<Prepared> | undefined

  constructor(path: string, options: RootOptions) {
    this.path = path
    this.#files = options.files
    this.#environment = options.environment
    this.#unflushed = options.unflushed
  }

  /**
   * The folder itself, behind the link that a person may have made to it. @throws
   * STORAGE_CONTAINER_NOT_FOUND
   */
  async real(attempt: Attempt): Promise<string> {
    try {
      return await this.#files.realpath(this.path)
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) {
        throw containerNotFound({ ...attempt, path: this.path }, error)
      }
      throw error
    }
  }

  /** @throws STORAGE_CONTAINER_NOT_FOUND when it vanished, or is no folder at all. */
  async assertThere(attempt: Attempt): Promise<void> {
    const stats = await this.#files.stat(await this.real(attempt))
    if (!stats.isDirectory()) throw containerNotFound({ ...attempt, path: this.path })
  }

  /**
   * Makes the folder if its parent is there, and finds out, once, whether it can be written safely.
   */
  async prepare(attempt: Attempt): Promise<Prepared> {
    this.#prepared ??= this.#prepare(attempt)
    try {
      return await this.#prepared
    } catch (error) {
      this.#prepared = undefined
      throw error
    }
  }

  /** Makes the folders that an object needs, its machinery included. */
  async prepareFolder(place: Place): Promise<void> {
    const { root } = await this.prepare({ operation: 'open', path: this.path })
    if (!this.#durableFolders.has(place.folder) || !(await this.#hasMachinery(place))) {
      await makeFoldersDurably(this.#files, root, place.folder)
      await makeFolder(this.#files, place.machinery)
      this.#durableFolders.add(place.folder)
    }
    if (await isRealFolder(this.#files, place.machinery)) return
    throw unsupported(`a file stands where a folder is needed: ${place.machinery}`, {})
  }

  async #hasMachinery(place: Place): Promise<boolean> {
    try {
      await makeFolder(this.#files, place.machinery)
      return true
    } catch (error) {
      // Somebody removed the whole folder.
      if (isErrno(error, 'ENOENT')) return false
      throw error
    }
  }

  async #prepare(attempt: Attempt): Promise<Prepared> {
    try {
      if (await makeFolder(this.#files, this.path)) this.#unflushed.add(this.path)
      await this.#unflushed.flush(dirname(this.path), [this.path])
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) {
        throw containerNotFound({ ...attempt, path: dirname(this.path) }, error)
      }
      throw error
    }
    const root = await this.real(attempt)
    await this.assertThere(attempt)
    await this.#refuseUnsafeMount(root)
    const { hardLinks } = await probeFileSystem(this.#files, root, this.#environment.random)
    const unflushed = this.#unflushed
    const claims = new Claims({ ...this.#environment, files: this.#files, hardLinks, unflushed })
    return { root, claims }
  }

  /** Elsewhere than on Linux only the probe can tell. */
  async #refuseUnsafeMount(root: string): Promise<void> {
    let mountinfo: string
    try {
      mountinfo = await this.#files.readFile('/proc/self/mountinfo', 'utf8')
    } catch (error) {
      if (isErrno(error)) return
      throw error
    }
    const mount = mountOf(mountinfo, root)
    const reason = mount && reasonAgainst(mount)
    if (reason !== undefined) throw reason
  }
}
