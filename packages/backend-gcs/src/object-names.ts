import { KeyNamespace, locationIn } from '@kannery/storage/backend'
import type { GcsConfig } from './config.ts'

/** From the keys of the storage to the names in the bucket and back. */
export class Place extends KeyNamespace {
  constructor(config: GcsConfig) {
    super(locationOf(config), config.prefix)
  }
}

/** Exactly `gs://bucket[/prefix]`; a URL that leads to the same place again. */
export function locationOf(config: Pick<GcsConfig, 'bucket' | 'prefix'>): string {
  return locationIn(`gs://${config.bucket}`, config.prefix)
}
