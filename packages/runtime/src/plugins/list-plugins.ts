import { type Advice, type ErrorCode, KanneryError } from '@kannery/storage'
import { namedPackage, packagesInFolder, wellKnownBackends } from './find-backend.ts'
import { loadPlugin } from './load-plugin.ts'
import type { PackageOnDisk } from './package-on-disk.ts'
import type { PluginSources } from './plugin-sources.ts'

/** Where a plugin was found; the first of these wins. */
export type PluginOrigin = 'named' | 'installed' | 'plugin folder'

export type PluginListing =
  | {
      readonly kind: 'usable'
      readonly package: string
      readonly version: string
      readonly type: string
      readonly urlSchemes: readonly string[]
      readonly origin: PluginOrigin
      readonly folder: string
    }
  | {
      readonly kind: 'unusable'
      readonly package: string
      readonly origin: PluginOrigin
      readonly error: {
        readonly code: ErrorCode
        readonly message: string
        readonly remedy: string
        readonly advice?: Advice | undefined
      }
    }

/** Every plugin that a storage URL could reach, in the order in which they are looked for. */
export async function listPlugins(sources: PluginSources): Promise<readonly PluginListing[]> {
  const listings: PluginListing[] = []
  for (const name of sources.named) {
    listings.push(await listing(name, 'named', sources, () => namedPackage(name, sources)))
  }
  const inFolder = await packagesInFolder(sources.folder)
  const places = new Set(inFolder.map(({ folder }) => folder))
  for (const name of new Set(Object.values(wellKnownBackends))) {
    const found = await ifInstalled(name, sources)
    if (found === undefined || places.has(found.folder)) continue
    listings.push(await listing(name, 'installed', sources, async () => found))
  }
  for (const found of inFolder) {
    listings.push(await listing(found.name, 'plugin folder', sources, async () => found))
  }
  return listings
}

async function ifInstalled(
  name: string,
  sources: PluginSources,
): Promise<PackageOnDisk | undefined> {
  try {
    return await namedPackage(name, sources)
  } catch (error) {
    if (KanneryError.is(error, 'PLUGIN_MISSING')) return undefined
    throw error
  }
}

async function listing(
  name: string,
  origin: PluginOrigin,
  sources: PluginSources,
  find: () => Promise<PackageOnDisk>,
): Promise<PluginListing> {
  try {
    const { package: found, plugin } = await loadPlugin(await find(), sources)
    const { type, urlSchemes } = plugin
    const { version, folder } = found
    return { kind: 'usable', package: found.name, version, type, urlSchemes, origin, folder }
  } catch (error) {
    if (!KanneryError.is(error)) throw error
    const { code, message, remedy, advice } = error
    return { kind: 'unusable', package: name, origin, error: { code, message, remedy, advice } }
  }
}
