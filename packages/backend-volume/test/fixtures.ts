import fs from 'node:fs/promises'
import { join } from 'node:path'
import type { BackendContext } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'

/** The real clock and real randomness: these tests are about a real file system. */
export const environment: Pick<BackendContext, 'clock' | 'random'> = {
  clock: realClock,
  random: realRandom,
}

/** Options of what creates an object. */
export const ifAbsent = { condition: { kind: 'if-absent' } } as const

/** A folder on a disk and one in memory: the two file systems that every machine has. */
const fileSystems: Readonly<Record<'disk' | 'tmpfs', string>> = {
  disk: join(import.meta.dirname, '..', 'node_modules', '.volumes'),
  tmpfs: '/dev/shm',
}

/** A new folder on a disk or in memory, removed with everything in it when it is disposed of. */
export async function scratchFolder(
  fileSystem: keyof typeof fileSystems,
): Promise<AsyncDisposable & { readonly path: string }> {
  await fs.mkdir(fileSystems[fileSystem], { recursive: true })
  const path = await fs.mkdtemp(join(fileSystems[fileSystem], 'kannery-volume-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      await fs.rm(path, { recursive: true, force: true })
    },
  }
}
