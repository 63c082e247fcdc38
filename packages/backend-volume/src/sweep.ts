import type { Dirent } from 'node:fs'
import { join } from 'node:path'
import type { Random, SweepOptions } from '@kannery/storage'
import { fileMode, newFile } from './disk/durable.ts'
import type { FileSystem } from './disk/file-system.ts'
import { isErrno } from './errors.ts'
import { machineryName, newId } from './object-names.ts'

interface FolderSweep extends SweepOptions {
  readonly random: Random
}

/**
 * Removes what crashed writers left in the machinery of `folder` and of all folders below. Returns
 * how many it removed. A writer that is still running finds its file gone and starts over.
 */
export async function sweepFolder(
  files: FileSystem,
  folder: string,
  options: FolderSweep,
): Promise<number> {
  return await sweepEntries(files, await files.readdir(folder, { withFileTypes: true }), options)
}

async function sweepEntries(
  files: FileSystem,
  entries: readonly Dirent[],
  options: FolderSweep,
): Promise<number> {
  options.signal?.throwIfAborted()
  let swept = 0
  for (const entry of entries) {
    if (!entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    if (entry.name === machineryName) swept += await sweepMachinery(files, path, options)
    else if (!entry.name.startsWith('.') && entry.name !== 'lost+found') {
      swept += await sweepEntries(files, await readIfAllowed(files, path), options)
    }
  }
  return swept
}

/** What this user may not read belongs to none of their backups: a recycle bin, for example. */
async function readIfAllowed(files: FileSystem, folder: string): Promise<readonly Dirent[]> {
  try {
    return await files.readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return []
    throw error
  }
}

async function sweepMachinery(
  files: FileSystem,
  machinery: string,
  options: FolderSweep,
): Promise<number> {
  const leftovers = (await files.readdir(machinery)).filter(isLeftover)
  if (leftovers.length === 0) return 0
  const now = await nowOf(files, machinery, options.random)
  let swept = 0
  for (const name of leftovers) {
    const path = join(machinery, name)
    try {
      const { mtimeMs } = await files.lstat(path)
      if (now - mtimeMs < options.olderThanMs) continue
      await files.rm(path, { recursive: true })
      swept++
    } catch (error) {
      // Its writer was still running.
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }
  return swept
}

function isLeftover(name: string): boolean {
  return /^(unfinished|aside|probe|now|claim-[0-9a-f]{16})-[0-9a-f]{32}$/.test(name)
}

/** The time by the clock of the file system: that of the server, on a network file system. */
async function nowOf(files: FileSystem, machinery: string, random: Random): Promise<number> {
  const path = join(machinery, `now-${newId(random)}`)
  const handle = await files.open(path, newFile, fileMode)
  try {
    return (await handle.stat()).mtimeMs
  } finally {
    await handle.close()
    await files.unlink(path)
  }
}
