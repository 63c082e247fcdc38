import { constants, type PathLike } from 'node:fs'
import type { FileSystem } from './file-system.ts'

/** With the bit that gives what is made in a folder the folder's group. */
const folderMode = 0o2770
const fileMode = 0o660

/**
 * The same file system, but what is made in it belongs to the folder's group as well: folders get
 * mode 2770 and files 660, whatever the umask of the process is.
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
