import type { BigIntStats } from 'node:fs'
import type { ObjectKey, ObjectVersion, StoredObject } from '@kannery/storage'
import type { FileSystem } from './disk/file-system.ts'
import { type Attempt, isErrno, unsupported } from './errors.ts'

export type ObjectStats = BigIntStats

/**
 * Returns undefined on a proven "no such object", also for a folder.
 *
 * @throws STORAGE_UNSUPPORTED for a link or a device: it may lead anywhere
 */
export async function statObject(
  files: FileSystem,
  attempt: Attempt,
): Promise<ObjectStats | undefined> {
  let stats: ObjectStats
  try {
    stats = await files.lstat(attempt.path, { bigint: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  if (stats.isDirectory()) return undefined
  assertRegularFile(stats, attempt)
  return stats
}

export function assertRegularFile(stats: ObjectStats, attempt: Attempt): void {
  if (stats.isFile()) return
  throw unsupported(`not a regular file: ${attempt.path}`, {
    why: stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is a device, socket or pipe',
    remedy: 'Put a regular file in its place, or remove it.',
    attempt,
  })
}

/**
 * Names one state of one name. A replacement always has a later modification time than what it
 * replaces, so that an inode number that is used again does not bring back an old version. An edit
 * by hand changes the time or the size.
 */
export function versionOf(stats: ObjectStats): ObjectVersion {
  const parts = [stats.ino, stats.mtimeNs, stats.size].map((part) => part.toString(36))
  return parts.join('-') as ObjectVersion
}

/** What the storage says about an object, from the state of its file. */
export function describe(key: ObjectKey, stats: ObjectStats): StoredObject {
  return {
    key,
    size: Number(stats.size),
    version: versionOf(stats),
    lastModified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  }
}
