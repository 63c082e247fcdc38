import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KanneryError } from '@kannery/storage'

/** An installed package: what its package.json says of it. */
export interface PackageOnDisk {
  readonly name: string
  readonly version: string
  /** Absolute, symbolic links followed, so that one package is loaded once. */
  readonly folder: string
  /** Absolute path of the module that `import name` would load. */
  readonly entry: string
}

/** The fields of a package.json that matter here; a file can hold anything. */
interface Manifest {
  readonly name?: unknown
  readonly version?: unknown
  readonly exports?: unknown
  readonly main?: unknown
}

/**
 * What `import` goes by in Node, and what this process was started with. Node's own resolver
 * answers only for the importing module, or with `require`'s conditions, which a package for
 * `import` alone refuses.
 */
const conditions: ReadonlySet<string> = new Set([
  'node',
  'import',
  'module-sync',
  'default',
  ...process.execArgv.flatMap((word) => /^(?:-C|--conditions)=(.+)$/.exec(word)?.[1] ?? []),
])

/**
 * The package in `folder`; undefined when there is none.
 *
 * @throws PLUGIN_INVALID when its package.json cannot be used
 */
export async function readPackage(folder: string): Promise<PackageOnDisk | undefined> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) return undefined
  const { name, version } = manifest
  if (typeof name !== 'string' || typeof version !== 'string') {
    throw invalid(folder, 'its package.json has no name or no version')
  }
  const target =
    manifest.exports === undefined
      ? (manifest.main ?? 'index.js')
      : targetOf(mainExport(manifest.exports))
  if (typeof target !== 'string')
    throw invalid(folder, 'its package.json exports nothing to import')
  const real = await realpath(folder)
  return { name, version, folder: real, entry: join(real, target) }
}

/**
 * The package `name` as a module at `url` would find it: in the node_modules of its folder or of
 * one above.
 */
export async function findPackageFrom(
  url: string,
  name: string,
): Promise<PackageOnDisk | undefined> {
  for (let folder = dirname(fileURLToPath(url)); ; folder = dirname(folder)) {
    const found = await readPackage(join(folder, 'node_modules', name))
    if (found !== undefined || folder === dirname(folder)) return found
  }
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, 'package.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw invalid(folder, `its package.json cannot be read: ${code ?? String(error)}`, error)
  }
  try {
    return JSON.parse(text) as Manifest
  } catch (error) {
    throw invalid(folder, 'its package.json is not JSON', error)
  }
}

function mainExport(exports: unknown): unknown {
  const isMap = typeof exports === 'object' && exports !== null && '.' in exports
  return isMap ? exports['.'] : exports
}

/**
 * The first target whose conditions hold: https://nodejs.org/api/packages.html#conditional-exports
 */
function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return undefined
  for (const [condition, nested] of Object.entries(target)) {
    const found = conditions.has(condition) ? targetOf(nested) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function invalid(folder: string, why: string, cause?: unknown): KanneryError {
  return new KanneryError('PLUGIN_INVALID', `the package in ${folder} cannot be used`, {
    why,
    cause,
  })
}
