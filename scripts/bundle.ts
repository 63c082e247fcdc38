import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/*
 * Before a package is packed: makes one file of its modules, one for each of its entries, and one
 * for each part that is loaded on demand. To load hundreds of small ones takes longer than what a
 * short command does. What the package depends on stays an import; what it only develops with
 * becomes part of it, and its licence is put beside.
 *
 * node ../../scripts/bundle.ts ./src/index.ts
 */

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const folder = 'bundle'
const input = process.argv.slice(2)
if (input.length === 0) throw new Error('name the modules that a package is entered by')
const { dependencies, peerDependencies } = JSON.parse(
  await readFile('package.json', 'utf8'),
) as Manifest
const external = ['node', ...Object.keys({ ...dependencies, ...peerDependencies })].map(
  (name) => new RegExp(`^${name}(?:[:/]|$)`),
)

await using bundle = await rolldown({ input, platform: 'node', external })
const { output } = await bundle.generate({
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name].js',
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

/** The name of the package that a module came from; undefined for our own. */
function packageOf(id: string): string | undefined {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1]
}
