import { KeyNamespace } from '@kannery/storage'
import { type AzureConfig, locationOf } from './config.ts'

/** From the keys of the storage to the names in the container and back. */
export class Place extends KeyNamespace {
  constructor(config: AzureConfig) {
    super(locationOf(config), config.prefix)
  }
}
