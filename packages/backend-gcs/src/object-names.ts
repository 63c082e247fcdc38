import { KeyNamespace } from '@kannery/storage'
import { type GcsConfig, locationOf } from './config.ts'

/** From the keys of the storage to the names in the bucket and back. */
export class Place extends KeyNamespace {
  constructor(config: GcsConfig) {
    super(locationOf(config), config.prefix)
  }
}
