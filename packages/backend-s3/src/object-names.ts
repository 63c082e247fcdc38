import { KeyNamespace, locationIn } from '@kannery/storage/backend'
import type { S3Config } from './config.ts'

/** Maps the keys of the storage to the names in the bucket and back. */
export class ObjectNames extends KeyNamespace {
  readonly bucket: string

  constructor(config: S3Config) {
    super(locationOf(config), config.prefix)
    this.bucket = config.bucket
  }
}

/** Returns `s3://bucket[/prefix]`: a URL that leads to the same storage. */
export function locationOf(config: Pick<S3Config, 'bucket' | 'prefix'>): string {
  return locationIn(`s3://${config.bucket}`, config.prefix)
}
