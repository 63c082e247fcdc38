import { constants } from 'node:fs'
import { join } from 'node:path'
import type { BackendContext, KanneryError } from '@kannery/storage'
import { isErrno, unsupported } from '../errors.ts'
import { newId } from '../ids.ts'
import { machineryName } from '../object-names.ts'
import { fileMode, makeFolder, syncFolder } from './durable.ts'
import type { FileSystem } from './file-system.ts'

export interface Mount {
  readonly type: string
  readonly options: readonly string[]
}

/** What the probe found out; everything else that a backup needs is there, or it threw. */
export interface Guarantees {
  readonly hardLinks: boolean
}

/**
 * Mounted object stores: a rename copies, a write may vanish, two machines do not see each other.
 */
const mountedObjectStores =
  /s3|gcs|goofys|geesefs|rclone|blobfuse|azure|oss|cos|swift|b2|onedrive|gdrive|dropbox/

/**
 * A reason against `mount` that no probe on one machine can show.
 *
 * Network file systems cache names and attributes: a client may for seconds not see what another
 * one did. With the caches off (nfs(5), mount.cifs(8)) they ask the server.
 */
export function reasonAgainst(mount: Mount): KanneryError | undefined {
  const has = (...options: readonly string[]): boolean =>
    options.every((option) => mount.options.includes(option))
  if (mount.type.startsWith('nfs')) {
    const uncached = has('acregmin=0', 'acregmax=0', 'acdirmin=0', 'acdirmax=0')
    if (has('noac') || ((has('actimeo=0') || uncached) && has('lookupcache=none'))) return undefined
    return cached('NFS', 'noac,lookupcache=none')
  }
  if (/^(cifs|smb)/.test(mount.type)) {
    if (has('cache=none', 'actimeo=0')) return undefined
    return cached('SMB', 'cache=none,actimeo=0')
  }
  if (mount.type.startsWith('fuse') && mountedObjectStores.test(mount.type)) {
    return unsupported(`cannot write safely through ${mount.type}`, {
      why: 'it imitates a file system on top of an object store, without its promises',
      remedy: 'Use the object store directly (s3://, gs://, https://), or a real disk.',
    })
  }
  return undefined
}

function cached(name: string, options: string): KanneryError {
  return unsupported(`cannot write safely to ${name} that caches names`, {
    why: 'another machine could change the backup without this one seeing it',
    remedy: `Mount it with -o ${options}, or use a local disk or an object store.`,
  })
}

/** The mount that `path` lies on, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let found: (Mount & { readonly length: number }) | undefined
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ')
    const point = unescapeOctal(before?.split(' ')[4] ?? '')
    const [type, , superOptions] = after?.split(' ') ?? []
    if (point === '' || type === undefined) continue
    const contains = path === point || path.startsWith(point === '/' ? '/' : `${point}/`)
    // The later of two mounts on one point hides the earlier.
    if (!contains || point.length < (found?.length ?? 0)) continue
    const options = `${before?.split(' ')[5] ?? ''},${superOptions ?? ''}`.split(',')
    found = { type, options, length: point.length }
  }
  return found && { type: found.type, options: found.options }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/**
 * Tries in `root` what the backend relies on, and cleans up.
 *
 * @throws STORAGE_UNSUPPORTED with the promise that does not hold.
 */
export async function probeFileSystem(
  files: FileSystem,
  root: string,
  random: BackendContext['random'],
): Promise<Guarantees> {
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
      throw unsupported(`cannot tell some names apart on this disk: ${folder}`, {
        why: 'it takes names that differ in case or in the form of an accent for one, so that the topics "Orders" and "orders" would overwrite each other',
        remedy: 'Use a disk that keeps names as they are, for example ext4 or XFS.',
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
      why: 'a file could be moved into a folder that is gone',
      remedy: 'Use a local disk with a POSIX file system, for example ext4 or XFS.',
    })
  }
}

/**
 * A rename that leads from or to what is not there. An error of another kind says nothing about it.
 */
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
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  const handle = await files.open(path, flags, fileMode)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
