import { pathToFileURL } from 'node:url'
import { type BackendPlugin, isBackendPlugin, KanneryError } from '@kannery/storage'
import type { PackageOnDisk } from './package-on-disk.ts'
import type { PluginSources } from './plugin-sources.ts'

/** The storage contract that this version speaks. */
const contract = 1

export interface LoadedPlugin {
  readonly package: PackageOnDisk
  readonly plugin: BackendPlugin
}

/**
 * Imports a package and takes its `plugin`.
 *
 * @throws PLUGIN_DENIED when it is not on the allow-list: it is not even imported
 * @throws PLUGIN_INVALID when it cannot be loaded, exports no plugin, or speaks another contract
 */
export async function loadPlugin(
  found: PackageOnDisk,
  { app, allowed }: Pick<PluginSources, 'app' | 'allowed'>,
): Promise<LoadedPlugin> {
  if (allowed !== undefined && !allowed.has(found.name)) {
    throw new KanneryError('PLUGIN_DENIED', `the plugin ${found.name} is not allowed here`, {
      why: `allowed are ${[...allowed].join(', ') || 'none'}`,
      facts: factsOf(found),
    })
  }
  const { plugin } = await importModule(found)
  if (!isBackendPlugin(plugin)) {
    throw new KanneryError('PLUGIN_INVALID', `${found.name} is not a plugin of Kannery`, {
      why: 'it does not export a `plugin` made by defineBackendPlugin of @kannery/storage',
      remedy: 'Check the name of the package.',
      facts: factsOf(found),
    })
  }
  // Typed as the number we know, but another version of the contract's package may have made it.
  const spoken: number = plugin.contract
  if (spoken !== contract) {
    throw new KanneryError('PLUGIN_INVALID', `${found.name} speaks another storage contract`, {
      why: `${found.name} ${found.version} speaks contract ${spoken}, Kannery ${app.version} speaks contract ${contract}`,
      ...(spoken > contract
        ? { remedy: `Install a newer version of Kannery, or an older ${found.name}.` }
        : {
            remedy: `Install a newer ${found.name}.`,
            advice: { id: 'update-plugin', package: found.name },
          }),
      facts: { ...factsOf(found), contract: spoken },
    })
  }
  return { package: found, plugin }
}

async function importModule(found: PackageOnDisk): Promise<{ readonly plugin?: unknown }> {
  try {
    return (await import(pathToFileURL(found.entry).href)) as { readonly plugin?: unknown }
  } catch (cause) {
    throw new KanneryError('PLUGIN_INVALID', `the plugin ${found.name} cannot be loaded`, {
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Install it again.',
      advice: { id: 'reinstall-plugin', package: found.name },
      cause,
      facts: factsOf(found),
    })
  }
}

function factsOf({ name, version, folder }: PackageOnDisk) {
  return { package: name, version, folder }
}
