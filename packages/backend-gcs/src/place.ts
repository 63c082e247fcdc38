import { KeyNamespace, type ObjectKey } from '@kannery/storage'
import { type GcsConfig, locationOf } from './config.ts'

/** From the keys of the storage to the names in the bucket and back. */
export class Place extends KeyNamespace {
  readonly bucket: string

  constructor(config: GcsConfig) {
    super(locationOf(config), config.prefix)
    this.bucket = config.bucket
  }

  /** Of the bucket's objects in the JSON API. */
  get objectsPath(): string {
    return `/storage/v1/b/${encodeURIComponent(this.bucket)}/o`
  }

  objectPath(key: ObjectKey): string {
    return `${this.objectsPath}/${encodeURIComponent(this.nameOf(key))}`
  }
}
