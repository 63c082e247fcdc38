import { isKeyPrefix, isObjectKey, type KeyPrefix, type ObjectKey } from '../object-key.ts'

/**
 * Translates the keys of a storage to names in its bucket, and back. The names begin with the
 * folder of the bucket that holds the storage.
 */
export class KeyNamespace {
  /** URL of the storage, for people, without a slash at its end. */
  readonly location: string
  /** What all names begin with: empty, or a folder that ends in a slash. */
  readonly #prefix: string

  /**
   * @param location URL of the storage, for people, without a slash at its end
   * @param folder folder of the bucket that holds all keys, without a slash at either end;
   *   undefined for the root of the bucket
   */
  constructor(location: string, folder: string | undefined) {
    this.location = location
    this.#prefix = folder === undefined ? '' : `${folder}/`
  }

  /** Returns the name that a key or folder has in the bucket. */
  nameOf(key: ObjectKey | KeyPrefix): string {
    return this.#prefix + key
  }

  /** Returns the URL of a key or folder, for people. It is not percent-encoded. */
  describe(key: ObjectKey | KeyPrefix): string {
    return key === '' ? this.location : `${this.location}/${key}`
  }

  /**
   * Returns the key that has this name in the bucket, or undefined if none has: for a name outside
   * the folder, the folder marker of a console, or a file of another program.
   */
  keyOf(name: string | undefined): ObjectKey | undefined {
    const key = this.#below(name)
    return key !== undefined && isObjectKey(key) ? key : undefined
  }

  /**
   * Returns the folder that has this name in the bucket, which ends in a slash, or undefined if
   * none has: for a name outside the storage's own folder, that folder itself, and names that no
   * key can begin with.
   */
  folderOf(name: string | undefined): KeyPrefix | undefined {
    const folder = this.#below(name)
    return folder !== undefined && folder !== '' && isKeyPrefix(folder) ? folder : undefined
  }

  #below(name: string | undefined): string | undefined {
    return name?.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined
  }
}
