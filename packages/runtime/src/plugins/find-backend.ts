import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { KanneryError } from '@kannery/storage'
import { type LoadedPlugin, loadPlugin } from './load-plugin.ts'
import { findPackageFrom, type PackageOnDisk, readPackage } from './package-on-disk.ts'
import type { PluginSources } from './plugin-sources.ts'

/** Backends that are found by name, so that a missing one can be named. */
export const wellKnownBackends: Readonly<Record<string, string>> = {
  file: '@kannery/backend-volume',
  s3: '@kannery/backend-s3',
  gs: '@kannery/backend-gcs',
  https: '@kannery/backend-azure',
  // Azurite.
  http: '@kannery/backend-azure',
}

/**
 * Finds the backend for a URL scheme: among the plugins that a person named, then the well-known
 * one beside the app or in the plugin folder, then among what else the plugin folder holds.
 *
 * @throws CONFIG_INVALID for a scheme that no plugin serves, PLUGIN_MISSING saying what to install,
 *   PLUGIN_INVALID, PLUGIN_DENIED
 */
export async function findBackend(scheme: string, sources: PluginSources): Promise<LoadedPlugin> {
  const serves = ({ plugin }: LoadedPlugin): boolean => plugin.urlSchemes.includes(scheme)
  const named = await findNamed(sources, serves)
  if (named !== undefined) return named
  const wellKnown = wellKnownBackends[scheme]
  if (wellKnown !== undefined)
    return await loadPlugin(await namedPackage(wellKnown, sources), sources)
  const inFolder = await findInFolder(sources, serves)
  if (inFolder !== undefined) return inFolder
  const schemes = Object.keys(wellKnownBackends)
  throw new KanneryError('CONFIG_INVALID', `no storage has URLs that start with "${scheme}:"`, {
    remedy: `Write a path, or a URL that starts with ${schemes.join(': ')}:, or install a plugin that serves this one.`,
    advice: { id: 'choose-storage-url', schemes },
  })
}

/**
 * Finds the backend for a type of storage: among the plugins that a person named, then among what
 * the plugin folder holds.
 *
 * @throws CONFIG_INVALID for a type that no plugin provides; PLUGIN_INVALID, PLUGIN_DENIED
 */
export async function findBackendOfType(
  type: string,
  sources: PluginSources,
): Promise<LoadedPlugin> {
  const provides = ({ plugin }: LoadedPlugin): boolean => plugin.type === type
  const found = (await findNamed(sources, provides)) ?? (await findInFolder(sources, provides))
  if (found !== undefined) return found
  throw new KanneryError('CONFIG_INVALID', `no plugin provides storages of type "${type}"`, {
    remedy: 'Check the type, and install the plugin that provides it.',
    facts: { type },
  })
}

async function findNamed(
  sources: PluginSources,
  isWanted: (loaded: LoadedPlugin) => boolean,
): Promise<LoadedPlugin | undefined> {
  for (const name of sources.named) {
    const loaded = await loadPlugin(await namedPackage(name, sources), sources)
    if (isWanted(loaded)) return loaded
  }
  return undefined
}

async function findInFolder(
  sources: PluginSources,
  isWanted: (loaded: LoadedPlugin) => boolean,
): Promise<LoadedPlugin | undefined> {
  for (const found of await packagesInFolder(sources.folder)) {
    const loaded = await loadPlugin(found, sources)
    if (isWanted(loaded)) return loaded
  }
  return undefined
}

/**
 * The package at an absolute path, or of a name beside the app or in the plugin folder. @throws
 * PLUGIN_MISSING
 */
export async function namedPackage(name: string, sources: PluginSources): Promise<PackageOnDisk> {
  const found = isAbsolute(name)
    ? await readPackage(name)
    : ((await findPackageFrom(sources.app.url, name)) ??
      (await readPackage(join(sources.folder, 'node_modules', name))))
  if (found !== undefined) return found
  if (isAbsolute(name)) {
    throw new KanneryError('PLUGIN_MISSING', `there is no plugin in ${name}`, {
      remedy: 'Name the folder that holds its package.json.',
    })
  }
  throw new KanneryError('PLUGIN_MISSING', `the plugin ${name} is not installed`, {
    why: `it is neither beside Kannery nor in ${sources.folder}`,
    remedy: 'Install it in the way that Kannery was installed, or into the plugin folder.',
    advice: { id: 'install-plugin', package: name },
    facts: { package: name },
  })
}

/** Lists the plugins that were installed into the plugin folder `folder`, in order of names. */
export async function packagesInFolder(folder: string): Promise<readonly PackageOnDisk[]> {
  const packages: PackageOnDisk[] = []
  for (const name of Object.keys(await dependenciesOf(folder)).toSorted()) {
    const found = await readPackage(join(folder, 'node_modules', name))
    if (found !== undefined) packages.push(found)
  }
  return packages
}

/** Package name → version or place, as the package manager noted it. */
export async function dependenciesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>
    }
    return manifest.dependencies ?? {}
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new KanneryError('CONFIG_INVALID', `the plugin folder ${folder} cannot be read`, {
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Repair its package.json, or remove it: installing a plugin makes a new one.',
      advice: { id: 'repair-plugin-folder', folder },
      cause,
    })
  }
}
