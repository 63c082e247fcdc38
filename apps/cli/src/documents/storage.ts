import { resolve } from 'node:path'
import type { Storage } from '@kannery/resources'
import { pluginSources, storageFromUrl } from '@kannery/runtime'
import type { CommandContext } from '../command.ts'
import { parseStorageUrl } from './storage-url.ts'

/** Names the folder or file that holds the secrets of a storage. */
export const credentialsVariable = 'KANNERY_STORAGE_CREDENTIALS'

/**
 * The Storage that a path or URL means, with the credentials that the environment names.
 *
 * @param text as typed
 * @throws CONFIG_INVALID, PLUGIN_*
 */
export async function storageDocument(
  text: string,
  { directory, environment, app }: Pick<CommandContext, 'directory' | 'environment' | 'app'>,
): Promise<Storage> {
  const url = parseStorageUrl(text, directory)
  const storage = await storageFromUrl('storage', url, pluginSources(environment, app))
  const path = environment[credentialsVariable]
  if (path === undefined || path === '') return storage
  return { ...storage, spec: { ...storage.spec, credentials: { path: resolve(directory, path) } } }
}
