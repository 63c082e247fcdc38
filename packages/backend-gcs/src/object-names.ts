import { KeyNamespace, locationIn } from '@kannery/storage/backend'
import type { GcsConfig } from './config.ts'

/** Maps the keys of the storage to the names in the bucket and back. */
export class ObjectNames extends KeyNamespace {
  constructor(config: GcsConfig) {
    super(locationOf(config), config.prefix)
  }
}

/** Returns `gs://bucket[/prefix]`: a URL that leads to the same storage. */
export function locationOf(config: Pick<GcsConfig, 'bucket' | 'prefix'>): string {
  return locationIn(`gs://${config.bucket}`, config.prefix)
}
