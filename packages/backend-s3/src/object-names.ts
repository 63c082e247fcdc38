import { KeyNamespace } from '@kannery/storage'
import { locationOf, type S3Config } from './config.ts'

/** From the keys of the storage to the names in the bucket and back. */
export class Place extends KeyNamespace {
  readonly bucket: string

  constructor(config: S3Config) {
    super(locationOf(config), config.prefix)
    this.bucket = config.bucket
  }
}
