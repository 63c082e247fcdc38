import type { Storage } from '@kannery/resources'
import {
  KanneryError,
  objectKey,
  type StorageBackend,
  type StorageCapabilities,
} from '@kannery/storage'
import { decorate, probe } from '@kannery/storage/client'
import type { PluginSources } from '../plugins/plugin-sources.ts'
import { type Environment, systemClock, systemRandom } from '../system.ts'
import { configuredBackend, locationOf } from './configured-backend.ts'
import { readCredentials } from './credentials.ts'
import { proxyNotice } from './proxy-notice.ts'
import { TroubleNotes } from './trouble-notes.ts'

/** A storage, and where its backend and its secrets come from. */
export interface StorageLocation {
  readonly storage: Storage
  readonly plugins: PluginSources
  readonly environment: Environment
  /** Called with a line of text for people while the storage does not answer and is retried. */
  readonly onNote?: (line: string) => void
}

/**
 * Opens a storage for reading. It is never written to, so that read-only credentials suffice.
 *
 * @throws PLUGIN_*, CONFIG_INVALID and STORAGE_* errors that say what to do
 */
export async function openStorage(location: StorageLocation): Promise<StorageBackend> {
  return decorated(await openBackend(location, 'read'), location)
}

/**
 * Opens an existing storage for writing, and probes it first. One that ignores preconditions is
 * refused; missing features that a backup can do without are reported to `onWarning`.
 *
 * @throws as {@link openStorage}; STORAGE_UNSUPPORTED; STORAGE_CONTAINER_NOT_FOUND when the folder
 *   or bucket does not exist: it is not made
 */
export async function openWritableStorage(
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<StorageBackend> {
  return await probed(await openExistingBackend(location), location, onWarning)
}

/**
 * Opens a storage for writing as {@link openWritableStorage}, and makes its folder if it does not
 * exist (its parent must). Only for jobs that fill a storage: all others must not take a mistyped
 * name for an empty storage.
 */
export async function openStorageToFill(
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<StorageBackend> {
  return await probed(await openBackend(location, 'write'), location, onWarning)
}

/** Opens an existing storage for an optional write, without probing it. */
export async function openUnprobedStorage(location: StorageLocation): Promise<StorageBackend> {
  return decorated(await openExistingBackend(location), location)
}

/**
 * Opens the backend of an existing storage for writing, without retries and unprobed.
 *
 * @throws STORAGE_CONTAINER_NOT_FOUND; as {@link openStorage}
 */
export async function openExistingBackend(location: StorageLocation): Promise<StorageBackend> {
  const backend = await openBackend(location, 'write')
  try {
    await backend.head(objectKey('~there'))
  } catch (error) {
    // Any other error is of this look alone: who may write may not be allowed to look.
    if (KanneryError.is(error, 'STORAGE_CONTAINER_NOT_FOUND')) {
      await backend[Symbol.asyncDispose]()
      throw error
    }
    if (!KanneryError.is(error)) throw error
  }
  return backend
}

async function probed(
  backend: StorageBackend,
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<StorageBackend> {
  try {
    const tried = decorated(backend, location)
    const { warnings, ...found } = await probe(tried, { random: systemRandom })
    for (const warning of warnings) onWarning(warning)
    const { ifVersionDelete, ifAbsentAfterDelete } = found
    return decorated(backend, location, { ifVersionDelete, ifAbsentAfterDelete })
  } catch (error) {
    await backend[Symbol.asyncDispose]()
    throw error
  }
}

/** Opens the backend itself: one attempt per call, nothing probed. */
export async function openBackend(
  { storage, plugins, environment, onNote }: StorageLocation,
  access: 'read' | 'write',
): Promise<StorageBackend> {
  const { plugin, config } = await configuredBackend(storage, plugins)
  const credentials = await readCredentials(storage, environment)
  const notice = proxyNotice(storage, access, environment)
  if (notice !== undefined) onNote?.(notice)
  return await plugin.open(config, {
    clock: systemClock,
    random: systemRandom,
    access,
    userAgent: `kannery/${plugins.app.version}`,
    credentials,
  })
}

/**
 * @param capabilities what a probe found, where a backend knows only what its kind of store
 *   promises.
 */
function decorated(
  backend: StorageBackend,
  { storage, onNote }: StorageLocation,
  capabilities: Partial<StorageCapabilities> = {},
): StorageBackend {
  const observer = onNote && new TroubleNotes(locationOf(backend, storage), systemClock, onNote)
  return decorate(backend, {
    clock: systemClock,
    random: systemRandom,
    capabilities,
    observer,
  })
}
