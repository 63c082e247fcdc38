import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '@kannery/testing/servers/processes/run'
import { packPackage } from './packed-package.ts'

/** The command line with what it needs, and one backend of a cloud. */
const wanted = [
  'packages/storage',
  'packages/storage-testkit',
  'packages/core',
  'packages/kafka',
  'packages/resources',
  'packages/runtime',
  'packages/backend-volume',
  'packages/backend-s3',
  'apps/cli',
]

/** Installs the packages as they would be published, below `folder`. Resolves with npm's prefix. */
export async function installGlobally(folder: string): Promise<string> {
  const tarballs: string[] = []
  for (const source of wanted) {
    const destination = join(folder, 'packed', source)
    await mkdir(destination, { recursive: true })
    tarballs.push((await packPackage(source, destination)).tarball)
  }
  const prefix = join(folder, 'prefix')
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', '--global', '--prefix', prefix, ...quiet, ...tarballs])
  return prefix
}
