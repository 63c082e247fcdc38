import { constants, type PathLike } from 'node:fs'
import type { FileSystem } from './file-system.ts'

/** The first digit makes new files and folders inherit the group of their folder. */
const folderMode = 0o2770
const fileMode = 0o660

/**
 * Returns the same file system, in which new folders get mode 2770 and new files mode 660, whatever
 * the umask of the process is: the group of a folder may use what is made in it.
 */
export function withGroupAccess(files: FileSystem): FileSystem {
  const mkdir = async (path: PathLike): Promise<undefined> => {
    await files.mkdir(path, folderMode)
    await files.chmod(path, folderMode)
  }
  const open: FileSystem['open'] = async (path, flags, mode) => {
    const handle = await files.open(path, flags, mode)
    const isNew = typeof flags === 'number' && (flags & constants.O_CREAT) !== 0
    if (!isNew) return handle
    try {
      await handle.chmod(fileMode)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }
  return { ...files, mkdir: mkdir as FileSystem['mkdir'], open }
}
