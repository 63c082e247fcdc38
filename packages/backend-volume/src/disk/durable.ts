import { constants } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { isErrno, unsupported } from '../errors.ts'
import type { FileSystem } from './file-system.ts'

const folderMode = 0o700
export const fileMode = 0o600
/** Flags that create a file for writing, and fail when the name exists. */
export const newFile: number = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** Flushes a folder: a new, renamed or removed name survives a power failure only after this. */
export async function syncFolder(files: FileSystem, folder: string): Promise<void> {
  const handle = await files.open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Makes a file whose content survives a power failure. Its name does so after {@link syncFolder}.
 * When it fails, no file is left.
 */
export async function makeFile(
  files: FileSystem,
  path: string,
  content: Uint8Array,
): Promise<void> {
  const handle = await files.open(path, newFile, fileMode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    await files.rm(path, { force: true }).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
}

/** Makes a folder unless it exists. Returns whether it was made now. */
export async function makeFolder(files: FileSystem, folder: string): Promise<boolean> {
  try {
    await files.mkdir(folder, folderMode)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Makes the folders from `root`, which exists, down to `folder`, and makes the name of each durable
 * in its parent, also of one that exists: the process that made it may have died before that.
 */
export async function makeFoldersDurably(
  files: FileSystem,
  root: string,
  folder: string,
): Promise<void> {
  let parent = root
  for (const name of relative(root, folder).split(sep).filter(Boolean)) {
    const child = join(parent, name)
    await makeFolder(files, child)
    await syncFolder(files, parent)
    parent = child
  }
}

/**
 * Returns whether `folder` exists.
 *
 * @throws STORAGE_UNSUPPORTED when it, or a folder above it, is a link that leads elsewhere
 */
export async function isRealFolder(files: FileSystem, folder: string): Promise<boolean> {
  let real: string
  try {
    real = await files.realpath(folder)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    if (await isLink(files, folder)) throw linkInTheWay(folder, 'what it leads to does not exist')
    return false
  }
  if (real === folder) return true
  throw linkInTheWay(folder, `it leads to ${real}`)
}

async function isLink(files: FileSystem, path: string): Promise<boolean> {
  try {
    return (await files.lstat(path)).isSymbolicLink()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

function linkInTheWay(folder: string, why: string): Error {
  return unsupported(`a symbolic link is below the storage folder: ${folder}`, {
    why,
    remedy: 'Replace the link with what it points to, or mount that there.',
  })
}
