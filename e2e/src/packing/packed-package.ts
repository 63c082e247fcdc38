import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { run } from '@kannery/testing/servers/processes/run'

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface PackedPackage {
  readonly manifest: Manifest
  readonly tarball: string
  /** Paths inside the tarball. */
  readonly files: readonly string[]
}

/** Packs a package of the repository, as it would be published. */
export async function packPackage(folder: string, destination: string): Promise<PackedPackage> {
  const cwd = join(repositoryRoot, folder)
  const before = new Set(await readdir(destination))
  await run('pnpm', ['pack', '--pack-destination', destination], { cwd })
  const name = (await readdir(destination)).find((candidate) => !before.has(candidate))
  if (name === undefined) throw new Error(`${folder} was not packed`)
  const tarball = join(destination, name)
  const listed = await run('tar', ['--list', '--gzip', '--file', tarball])
  const manifest = JSON.parse(
    await run('tar', [
      '--extract',
      '--gzip',
      '--to-stdout',
      '--file',
      tarball,
      'package/package.json',
    ]),
  ) as Manifest
  const files = listed
    .trimEnd()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
  return { manifest, tarball, files }
}
