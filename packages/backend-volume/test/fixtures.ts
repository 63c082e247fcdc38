import fs from 'node:fs/promises'
import { join } from 'node:path'

/** A folder on a disk and one in memory: both kinds of file system that tests find everywhere. */
export const worlds: Readonly<Record<'disk' | 'tmpfs', string>> = {
  disk: join(import.meta.dirname, '..', 'node_modules', '.volumes'),
  tmpfs: '/dev/shm',
}

/** A new folder in one of the {@link worlds}, removed with all that is in it. */
export async function scratchFolder(
  world: keyof typeof worlds,
): Promise<AsyncDisposable & { readonly path: string }> {
  await fs.mkdir(worlds[world], { recursive: true })
  const path = await fs.mkdtemp(join(worlds[world], 'kannery-volume-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      await fs.rm(path, { recursive: true, force: true })
    },
  }
}
