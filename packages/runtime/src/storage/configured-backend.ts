import { isDeepStrictEqual } from 'node:util'
import type { Storage } from '@kannery/resources'
import type { StorageBackend } from '@kannery/storage'
import { checkAgainst } from '@kannery/storage/backend'
import { findBackend, findBackendOfType } from '../plugins/find-backend.ts'
import type { LoadedPlugin } from '../plugins/load-plugin.ts'
import type { PluginSources } from '../plugins/plugin-sources.ts'

type Spec = Storage['spec']
type Alternative = 'folder' | 's3' | 'gcsBucket' | 'azureContainer'

/** How an alternative of a Storage's spec and the configuration of a backend become each other. */
interface Translation {
  readonly alternative: Alternative
  /** Type of the backend's plugin. */
  readonly type: string
  /** A URL scheme that the backend serves. */
  readonly scheme: string
  /** Names in the backend's configuration, by the names in the document that differ from them. */
  readonly names: Readonly<Record<string, string>>
}

const translations: readonly Translation[] = [
  { alternative: 'folder', type: 'volume', scheme: 'file', names: {} },
  { alternative: 's3', type: 's3', scheme: 's3', names: {} },
  { alternative: 'gcsBucket', type: 'gcs', scheme: 'gs', names: {} },
  {
    alternative: 'azureContainer',
    type: 'azure',
    scheme: 'https',
    names: { location: 'endpoint', directory: 'prefix' },
  },
]

/** A backend, and what it is to be opened with. */
export interface ConfiguredBackend {
  readonly plugin: LoadedPlugin['plugin']
  readonly config: unknown
}

/**
 * The backend that a Storage names, with its configuration.
 *
 * @throws PLUGIN_*; CONFIG_INVALID when the backend does not take the configuration
 */
export async function configuredBackend(
  { metadata, spec }: Storage,
  sources: PluginSources,
): Promise<ConfiguredBackend> {
  const translation = translations.find(({ alternative }) => spec[alternative] !== undefined)
  const { plugin } =
    translation === undefined
      ? await findBackendOfType(spec.custom?.plugin ?? '', sources)
      : await findBackend(translation.scheme, sources)
  const given =
    translation === undefined
      ? spec.custom?.config
      : renamed(spec[translation.alternative], translation.names)
  const kind = `a storage of type ${plugin.type}, as the Storage "${metadata.name}" is`
  return { plugin, config: checkAgainst(plugin.configSchema, kind, given) }
}

/**
 * The Storage that a URL means.
 *
 * @throws PLUGIN_* when no backend for it is installed; CONFIG_INVALID when the backend refuses it
 */
export async function storageFromUrl(
  name: string,
  url: URL,
  sources: PluginSources,
): Promise<Storage> {
  const { plugin } = await findBackend(url.protocol.slice(0, -1), sources)
  const config = plugin.fromUrl(url)
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Storage',
    metadata: { name },
    spec: specOf(plugin.type, config),
  }
}

function specOf(type: string, config: unknown): Spec {
  const translation = translations.find((candidate) => candidate.type === type)
  const options = config as Readonly<Record<string, unknown>>
  if (translation === undefined) return { custom: { plugin: type, config: options } }
  const names = Object.entries(translation.names).map(([name, other]) => [other, name])
  return { [translation.alternative]: renamed(options, Object.fromEntries(names)) }
}

function renamed(
  options: Readonly<Record<string, unknown>> | undefined,
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [names[name] ?? name, value]))
}

/** How an open storage is called in messages: a path, or its URL without options. */
export function locationOf(
  { location }: Pick<StorageBackend, 'location'>,
  { metadata, spec }: Storage,
): string {
  return spec.folder?.path ?? location ?? `${spec.custom?.plugin}://${metadata.name}`
}

/** Whether two Storages are the same place; their credentials may differ. */
export function isSamePlace(one: Storage, other: Storage): boolean {
  const { credentials: _ours, ...here } = one.spec
  const { credentials: _theirs, ...there } = other.spec
  return isDeepStrictEqual(here, there)
}
