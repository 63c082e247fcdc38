import { isKeyPrefix, isObjectKey, type KeyPrefix, type ObjectKey } from '../object-key.ts'

/** From the keys of a storage to the names in its bucket and back. */
export class KeyNamespace {
  /** For people, without a slash at its end. */
  readonly location: string
  /** Empty, or ends in a slash. */
  readonly #prefix: string

  /** @param folder of the bucket, below which all keys lie; without a slash at either end */
  constructor(location: string, folder: string | undefined) {
    this.location = location
    this.#prefix = folder === undefined ? '' : `${folder}/`
  }

  /** The bucket's name of a key or of a folder. */
  nameOf(key: ObjectKey | KeyPrefix): string {
    return this.#prefix + key
  }

  /** For people. */
  describe(key: ObjectKey | KeyPrefix): string {
    return key === '' ? this.location : `${this.location}/${key}`
  }

  /**
   * undefined for what cannot be a key of ours: a console's folder marker, another program's file.
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
