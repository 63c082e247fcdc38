import { decorate, probe, type StorageBackend } from '@kannery/storage'
import { systemClock, systemRandom } from '../system.ts'
import { findBackendPlugin } from './plugins.ts'

/** A storage as somebody named it, and the app beside which its backend is installed. */
export interface StorageLocation {
  readonly url: URL
  /** `import.meta.url` of the app. */
  readonly appUrl: string
}

/**
 * Opens a storage. A writer's storage is probed first: one that ignores preconditions is refused. A reader's is never
 * written to, so that read-only credentials suffice.
 *
 * @throws PLUGIN_* and STORAGE_* errors that say what to do
 */
export async function openStorage(
  location: StorageLocation,
  access: 'read' | 'write',
): Promise<StorageBackend> {
  const plugin = await findBackendPlugin(location.url.protocol, location.appUrl)
  const backend = await plugin.open(plugin.fromUrl(location.url), {
    clock: systemClock,
    random: systemRandom,
    access,
    userAgent: 'kannery',
  })
  const storage = decorate(backend, { clock: systemClock, random: systemRandom })
  if (access === 'write') await probe(storage, { random: systemRandom })
  return storage
}
