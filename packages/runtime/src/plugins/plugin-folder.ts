import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { KanneryError } from '@kannery/storage'
import type { Environment } from '../system.ts'
import { dependenciesOf, packagesInFolder } from './find-backend.ts'
import { type LoadedPlugin, loadPlugin } from './load-plugin.ts'
import type { PackageOnDisk } from './package-on-disk.ts'
import type { PluginSources } from './plugin-sources.ts'

export interface AddPluginOptions {
  readonly sources: PluginSources
  readonly environment: Environment
  readonly signal: AbortSignal
}

/**
 * How each package manager adds and removes; the first that the machine has is used. Scripts of
 * packages never run: whether the plugin is allowed is judged after it was installed.
 */
const packageManagers = [
  {
    name: 'npm',
    add: ['install', '--ignore-scripts', '--save-exact', '--no-audit', '--no-fund'],
    remove: ['uninstall', '--ignore-scripts', '--no-audit', '--no-fund'],
  },
  {
    name: 'pnpm',
    add: ['add', '--ignore-scripts', '--save-exact', '--ignore-workspace'],
    remove: ['remove', '--ignore-scripts', '--ignore-workspace'],
  },
] as const
type PackageManager = (typeof packageManagers)[number]

/**
 * Installs `wanted` (what npm calls a package spec; a path is absolute) into the plugin folder and
 * returns what is usable by it. What turns out not to be a plugin that this version can load is
 * taken out again.
 *
 * @throws PLUGIN_INVALID, PLUGIN_DENIED, PLUGIN_INSTALL_FAILED
 */
export async function addPlugin(
  wanted: string,
  options: AddPluginOptions,
): Promise<readonly LoadedPlugin[]> {
  const { folder } = options.sources
  await prepareFolder(folder)
  const before = await dependenciesOf(folder)
  const manager = await install(wanted, options)
  const after = await dependenciesOf(folder)
  const changed = Object.keys(after).filter((name) => after[name] !== before[name])
  const packages = await packagesInFolder(folder)
  return await keepUsable(
    packages.filter(({ name }) => changed.length === 0 || changed.includes(name)),
    manager,
    options,
  )
}

async function keepUsable(
  packages: readonly PackageOnDisk[],
  manager: PackageManager,
  options: AddPluginOptions,
): Promise<readonly LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = []
  for (const found of packages) {
    try {
      loaded.push(await loadPlugin(found, options.sources))
    } catch (error) {
      await run(manager, [...manager.remove, found.name], options)
      throw error
    }
  }
  return loaded
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const manifest = {
      private: true,
      description: 'Plugins of Kannery, which adds and removes them here.',
    }
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`, {
      flag: 'wx',
    })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    throw new KanneryError('PLUGIN_INSTALL_FAILED', `the plugin folder ${folder} cannot be made`, {
      why: code ?? String(cause),
      remedy: 'Check its permissions, or name another in KANNERY_PLUGIN_FOLDER.',
      cause,
    })
  }
}

async function install(wanted: string, options: AddPluginOptions): Promise<PackageManager> {
  for (const manager of packageManagers) {
    const result = await run(manager, [...manager.add, wanted], options)
    if (result.kind === 'absent') continue
    if (result.kind === 'done') return manager
    throw new KanneryError('PLUGIN_INSTALL_FAILED', `${manager.name} could not install ${wanted}`, {
      why: result.lastWords,
      remedy: `Correct what ${manager.name} reported, then try again.`,
      facts: { package: wanted },
    })
  }
  throw new KanneryError('PLUGIN_INSTALL_FAILED', 'no package manager was found', {
    remedy: 'Install npm or pnpm, so that it is on the PATH.',
  })
}

type RunResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly lastWords: string }

/**
 * Runs a package manager in the plugin folder, so that no configuration file of the working
 * directory decides where packages come from.
 */
async function run(
  { name }: PackageManager,
  words: readonly string[],
  { sources, environment, signal }: AddPluginOptions,
): Promise<RunResult> {
  const child = spawn(name, words, {
    cwd: sources.folder,
    env: environment,
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | 'absent'>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('absent')
      else reject(signal.aborted ? signal.reason : error)
    })
    child.once('close', (status) => resolve(status ?? 1))
  })
  const [status, stdout, stderr] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ])
  if (status === 'absent') return { kind: 'absent' }
  if (status === 0) return { kind: 'done' }
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
  return { kind: 'failed', lastWords: lines.slice(-8).join('\n') }
}
