import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { type BackendPlugin, KanneryError } from '@kannery/storage'

/** The number of the storage contract that this version speaks. */
const contract = 1

interface KnownBackend {
  readonly package: string
  /** The exported name of the plugin. */
  readonly plugin: string
}

const knownBackends: Readonly<Record<string, KnownBackend>> = {
  'file:': { package: '@kannery/backend-volume', plugin: 'volumePlugin' },
  's3:': { package: '@kannery/backend-s3', plugin: 's3Plugin' },
  'gs:': { package: '@kannery/backend-gcs', plugin: 'gcsPlugin' },
  'https:': { package: '@kannery/backend-azure', plugin: 'azurePlugin' },
}

/**
 * Finds the backend for a URL's scheme among the packages that the app at `appUrl` can import. The working directory is
 * never searched: that would run a stranger's code.
 *
 * @throws CONFIG_INVALID for an unknown scheme, PLUGIN_MISSING saying what to install, PLUGIN_INVALID
 */
export async function findBackendPlugin(protocol: string, appUrl: string): Promise<BackendPlugin> {
  const known = knownBackends[protocol]
  if (known === undefined) {
    throw new KanneryError('CONFIG_INVALID', `no storage has URLs that start with "${protocol}"`, {
      remedy: `Use a path, or a URL that starts with ${Object.keys(knownBackends).join(' ')}`,
    })
  }
  const exports = await importFrom(known.package, appUrl)
  return checkPlugin(exports[known.plugin], known)
}

async function importFrom(name: string, appUrl: string): Promise<Record<string, unknown>> {
  let path: string
  try {
    path = createRequire(appUrl).resolve(name)
  } catch (cause) {
    throw new KanneryError('PLUGIN_MISSING', `the storage backend ${name} is not installed`, {
      remedy: `Install it beside kannery: npm install --global kannery ${name}`,
      cause,
    })
  }
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

function checkPlugin(candidate: unknown, known: KnownBackend): BackendPlugin {
  const plugin = candidate as Partial<BackendPlugin> | undefined
  if (typeof plugin?.open !== 'function' || typeof plugin.fromUrl !== 'function') {
    throw new KanneryError('PLUGIN_INVALID', `${known.package} does not export ${known.plugin}`)
  }
  if (plugin.contract !== contract) {
    throw new KanneryError('PLUGIN_INVALID', `${known.package} speaks another storage contract`, {
      why: `it speaks contract ${String(plugin.contract)}, this kannery speaks ${contract}`,
      remedy: `Install versions of kannery and ${known.package} that belong together.`,
    })
  }
  return plugin as BackendPlugin
}
