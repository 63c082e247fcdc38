import { join } from 'node:path'
import type { Random } from '@kannery/storage'
import { isErrno, unsupported } from '../errors.ts'
import { machineryName, newId } from '../object-names.ts'
import { fileMode, makeFolder, newFile, syncFolder } from './durable.ts'
import type { FileSystem } from './file-system.ts'

/** What a file system may lack; everything else that a backup needs, the probe insists on. */
export interface FileSystemAbilities {
  readonly hardLinks: boolean
}

/**
 * Tries in `root` what this backend relies on, and cleans up.
 *
 * @throws STORAGE_UNSUPPORTED naming the promise that does not hold
 */
export async function probeFileSystem(
  files: FileSystem,
  root: string,
  random: Random,
): Promise<FileSystemAbilities> {
  const machinery = join(root, machineryName)
  await makeFolder(files, machinery)
  const folder = join(machinery, `probe-${newId(random)}`)
  await files.mkdir(folder, 0o700)
  try {
    await assertNamesAreKept(files, folder)
    await assertRenameReplaces(files, folder)
    await assertFolderMovesWithContent(files, folder)
    await syncFolder(files, folder)
    return { hardLinks: await hasHardLinks(files, folder) }
  } finally {
    await files.rm(folder, { recursive: true, force: true })
  }
}

async function assertNamesAreKept(files: FileSystem, folder: string): Promise<void> {
  await create(files, join(folder, 'Name-\u00e9'))
  for (const other of ['name-\u00e9', 'Name-e\u0301']) {
    try {
      await create(files, join(folder, other))
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      throw unsupported(`this disk does not distinguish some names: ${folder}`, {
        why: 'names that differ in case or in the form of an accent are one name to it, so that the topics "Orders" and "orders" would overwrite each other',
        remedy: 'Use a disk that keeps names as they are, for example with ext4 or XFS.',
      })
    }
  }
}

async function assertRenameReplaces(files: FileSystem, folder: string): Promise<void> {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  await create(files, from)
  await create(files, to)
  const expected = await files.lstat(from, { bigint: true })
  await files.rename(from, to)
  const found = await files.lstat(to, { bigint: true })
  if (found.ino !== expected.ino || found.ino === 0n || !(await isRefused(files, from, to))) {
    throw unsupported(`cannot replace a file safely on this disk: ${folder}`, {
      why: 'a renamed file is not the same file afterwards',
      remedy: 'Use a local disk with a POSIX file system, for example ext4 or XFS.',
    })
  }
}

async function assertFolderMovesWithContent(files: FileSystem, folder: string): Promise<void> {
  const [before, after] = [join(folder, 'before'), join(folder, 'after')]
  await files.mkdir(before, 0o700)
  await files.rename(before, after)
  await create(files, join(folder, 'content'))
  if (!(await isRefused(files, join(folder, 'content'), join(before, 'content')))) {
    throw unsupported(`cannot delete a file safely on this disk: ${folder}`, {
      why: 'a file could be moved into a folder that no longer exists',
      remedy: 'Use a local disk with a POSIX file system, for example ext4 or XFS.',
    })
  }
}

/** Whether a rename fails because one of the paths does not exist. Other errors are passed on. */
async function isRefused(files: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await files.rename(from, to)
    return false
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true
    throw error
  }
}

async function hasHardLinks(files: FileSystem, folder: string): Promise<boolean> {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  await create(files, first)
  try {
    await files.link(first, second)
  } catch (error) {
    if (isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK')) return false
    throw error
  }
  const again = await files.link(first, second).catch((error: unknown) => error)
  return isErrno(again, 'EEXIST')
}

async function create(files: FileSystem, path: string): Promise<void> {
  const handle = await files.open(path, newFile, fileMode)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
