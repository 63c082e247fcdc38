import {
  KanneryError,
  type KeyPrefix,
  keyPrefix,
  type ObjectKey,
  objectKey,
} from '@kannery/storage'
import { type GcsConfig, locationOf } from './config.ts'

/** From the keys of the storage to those of the bucket and back. */
export class Place {
  readonly bucket: string
  readonly location: string
  /** Empty, or ends in a slash. */
  readonly #prefix: string

  constructor(config: GcsConfig) {
    this.bucket = config.bucket
    this.location = locationOf(config)
    this.#prefix = config.prefix === undefined ? '' : `${config.prefix}/`
  }

  /** Of the bucket's objects in the JSON API. */
  get objectsPath(): string {
    return `/storage/v1/b/${encodeURIComponent(this.bucket)}/o`
  }

  objectPath(key: ObjectKey): string {
    return `${this.objectsPath}/${encodeURIComponent(this.nameOf(key))}`
  }

  /** The bucket's name of a key or of a folder. */
  nameOf(key: ObjectKey | KeyPrefix): string {
    return this.#prefix + key
  }

  /** For people. */
  describe(key: ObjectKey | KeyPrefix): string {
    return key === '' ? this.location : `${this.location}/${key}`
  }

  /** undefined for what cannot be a key of ours: a console's folder marker, another program's file. */
  keyOf(name: string | undefined): ObjectKey | undefined {
    return this.#checked(name, objectKey)
  }

  folderOf(name: string | undefined): KeyPrefix | undefined {
    return this.#checked(name, keyPrefix)
  }

  #checked<T>(name: string | undefined, check: (text: string) => T): T | undefined {
    if (name === undefined || !name.startsWith(this.#prefix)) return undefined
    const key = name.slice(this.#prefix.length)
    if (key === '') return undefined
    try {
      return check(key)
    } catch (error) {
      if (KanneryError.is(error, 'CONFIG_INVALID')) return undefined
      throw error
    }
  }
}
