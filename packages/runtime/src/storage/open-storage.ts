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
  /** Told, for people, while the storage does not answer and is asked again. */
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
 * Opens a storage that is there for writing, and probes it first: one that ignores preconditions is
 * refused, and what one lacks that can be done without is reported.
 *
 * @throws as {@link openStorage}; STORAGE_CONTAINER_NOT_FOUND where there is no such folder: it is
 *   not made
 */
export async function openWritableStorage(
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<StorageBackend> {
  return await probed(await openExistingBackend(location), location, onWarning)
}

/**
 * As {@link openWritableStorage}, also where nothing is yet: a folder is made, in one that is
 * there. For what fills a storage: what works on one that is filled must not take a mistyped name
 * for an empty storage.
 */
export async function openStorageToFill(
  location: StorageLocation,
  onWarning: (warning: KanneryError) => void,
): Promise<StorageBackend> {
  return await probed(await openBackend(location, 'write'), location, onWarning)
}

/** A storage that is there, for a write that can be done without: it is not probed. */
export async function openUnprobedStorage(location: StorageLocation): Promise<StorageBackend> {
  return decorated(await openExistingBackend(location), location)
}

/**
 * A backend for writing, of a storage that is there. @throws STORAGE_CONTAINER_NOT_FOUND; as {@link
 * openStorage}
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

/** The backend itself: one attempt per call, nothing probed. */
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
    ...(credentials === undefined ? {} : { credentials }),
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
    ...(observer && { observer }),
  })
}
