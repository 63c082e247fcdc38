import { KeyNamespace, locationIn } from '@kannery/storage/backend'
import type { AzureConfig } from './config.ts'

/** Maps the keys of the storage to the names in the container and back. */
export class ObjectNames extends KeyNamespace {
  constructor(config: AzureConfig) {
    super(locationOf(config), config.prefix)
  }
}

/**
 * Returns `https://account.blob.core.windows.net/container[/directory]`: a URL that leads to the
 * same storage.
 */
export function locationOf({ endpoint, container, prefix }: AzureConfig): string {
  return locationIn(`${endpoint}/${container}`, prefix)
}
