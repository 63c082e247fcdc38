import { dirname } from 'node:path'
import type { BackendContext } from '@kannery/storage'
import { Claims } from './claims.ts'
import { isRealFolder, makeFolder, makeFoldersDurably } from './disk/durable.ts'
import type { FileSystem } from './disk/file-system.ts'
import { mountOf, reasonAgainst } from './disk/mount.ts'
import { probeFileSystem } from './disk/probe-file-system.ts'
import type { UnflushedNames } from './disk/unflushed-names.ts'
import { type Attempt, containerNotFound, isErrno, unsupported } from './errors.ts'
import type { ObjectNames } from './object-names.ts'

/** What this backend needs of its context. */
export type Environment = Pick<BackendContext, 'clock' | 'random'>

/** What a {@link Root} is made of. */
export interface RootOptions {
  readonly files: FileSystem
  readonly environment: Environment
  readonly unflushed: UnflushedNames
}

/** What writing needs. */
interface Prepared {
  readonly root: string
  readonly claims: Claims
}

/** The storage's own folder. Reading only finds it; writing makes and probes it. */
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
   * Returns the real path: `path` itself may be a link.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND
   */
  async realPath(attempt: Attempt): Promise<string> {
    try {
      return await this.#files.realpath(this.path)
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) {
        throw containerNotFound({ ...attempt, path: this.path }, error)
      }
      throw error
    }
  }

  /** @throws STORAGE_CONTAINER_NOT_FOUND when it does not exist any more, or is no folder */
  async assertExists(attempt: Attempt): Promise<void> {
    const stats = await this.#files.stat(await this.realPath(attempt))
    if (!stats.isDirectory()) throw containerNotFound({ ...attempt, path: this.path })
  }

  /**
   * Makes the folder if its parent exists, and finds out once whether it can be written safely.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND, STORAGE_UNSUPPORTED
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

  /** Makes the folders that an object needs, including its machinery. */
  async prepareFolder(names: ObjectNames): Promise<void> {
    const { root } = await this.prepare({ operation: 'open', path: this.path })
    if (!this.#durableFolders.has(names.folder) || !(await this.#hasMachinery(names))) {
      await makeFoldersDurably(this.#files, root, names.folder)
      await makeFolder(this.#files, names.machinery)
      this.#durableFolders.add(names.folder)
    }
    if (await isRealFolder(this.#files, names.machinery)) return
    throw unsupported(`a file is where a folder is needed: ${names.machinery}`, {})
  }

  async #hasMachinery(names: ObjectNames): Promise<boolean> {
    try {
      await makeFolder(this.#files, names.machinery)
      return true
    } catch (error) {
      // The whole folder was removed.
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
    const root = await this.realPath(attempt)
    await this.assertExists(attempt)
    await this.#refuseUnsafeMount(root)
    const { hardLinks } = await probeFileSystem(this.#files, root, this.#environment.random)
    const unflushed = this.#unflushed
    const claims = new Claims({ ...this.#environment, files: this.#files, hardLinks, unflushed })
    return { root, claims }
  }

  /** On other systems than Linux only the probe can find out. */
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
