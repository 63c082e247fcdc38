import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/*
 * Before a package is packed: makes one file of its modules, and one for each part that is loaded
 * on demand. To load hundreds of small ones takes longer than what a short command does. What the
 * package depends on stays an import; what it only develops with becomes part of it, and its
 * licence is put beside. A library gets a file for each of its exports, and one for what these
 * share; a program names its own module.
 *
 * node ../../scripts/bundle.ts [./src/bin.ts]
 */

interface Manifest {
  readonly exports?: Readonly<Record<string, string | { readonly '@kannery/source': string }>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const folder = 'bundle'
const [program] = process.argv.slice(2)
const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest
const input = program === undefined ? entriesOf(manifest) : program
const { dependencies, peerDependencies } = manifest
const external = ['node', ...Object.keys({ ...dependencies, ...peerDependencies })].map(
  (name) => new RegExp(`^${name}(?:[:/]|$)`),
)

await using bundle = await rolldown({ input, platform: 'node', external })
const { output } = await bundle.generate({
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name].js',
  codeSplitting: program !== undefined || { groups: [{ name: 'shared', minShareCount: 2 }] },
})
const files = new Map<string, string | Uint8Array>()
for (const file of output) files.set(file.fileName, file.type === 'chunk' ? file.code : file.source)
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
for (const name of new Set(modules.flatMap((id) => packageOf(id) ?? []))) {
  const licence = await readFile(join('node_modules', name, 'LICENSE'), 'utf8')
  files.set(`third-party-${name.replace('/', '-')}.txt`, licence)
}

// Whoever packs the package at the same time finds every file whole.
await mkdir(folder, { recursive: true })
const unfinished = await mkdtemp('.bundle-')
for (const [name, content] of files) {
  await writeFile(join(unfinished, name), content)
  await rename(join(unfinished, name), join(folder, name))
}
await rm(unfinished, { recursive: true })
for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name))

/** By the name of the file that is made of it. */
function entriesOf({ exports = {} }: Manifest): Record<string, string> {
  const entries = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [[path === '.' ? 'index' : path.slice('./'.length), target['@kannery/source']]],
  )
  if (entries.length === 0) throw new Error('name the module that the package is entered by')
  return Object.fromEntries(entries) as Record<string, string>
}

/** The name of the package that a module came from; undefined for our own. */
function packageOf(id: string): string | undefined {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1]
}
