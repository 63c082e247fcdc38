import { isKeyPrefix, isObjectKey, type KeyPrefix, type ObjectKey } from '../object-key.ts'

/** Translates the keys of a storage to names in its bucket, and back. */
export class KeyNamespace {
  /** URL of the storage, for people, without a slash at its end. */
  readonly location: string
  /** Empty, or ends in a slash. */
  readonly #prefix: string

  /** @param folder of the bucket, below which all keys lie; without a slash at either end */
  constructor(location: string, folder: string | undefined) {
    this.location = location
    this.#prefix = folder === undefined ? '' : `${folder}/`
  }

  /** Returns the name in the bucket of a key or folder. */
  nameOf(key: ObjectKey | KeyPrefix): string {
    return this.#prefix + key
  }

  /** Returns the URL of a key or folder, for people. */
  describe(key: ObjectKey | KeyPrefix): string {
    return key === '' ? this.location : `${this.location}/${key}`
  }

  /**
   * Returns the key of a name in the bucket, or undefined if no key has it: the folder marker of a
   * console, or a file of another program.
   */
  keyOf(name: string | undefined): ObjectKey | undefined {
    const key = this.#below(name)
    return key !== undefined && isObjectKey(key) ? key : undefined
  }

  folderOf(name: string | undefined): KeyPrefix | undefined {
    const folder = this.#below(name)
    return folder !== undefined && folder !== '' && isKeyPrefix(folder) ? folder : undefined
  }

  #below(name: string | undefined): string | undefined {
    return name?.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined
  }
}
