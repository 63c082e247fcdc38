import type { BigIntStats } from 'node:fs'
import type { ObjectKey, ObjectVersion, StoredObject } from '@kannery/storage'
import type { FileSystem } from './disk/file-system.ts'
import { type Attempt, isErrno, unsupported } from './errors.ts'

export type ObjectStats = BigIntStats

/**
 * undefined on a proven "no such object"; a folder is none. A link or a device is refused: it may
 * lead anywhere.
 */
export async function statObject(
  files: FileSystem,
  attempt: Attempt,
): Promise<ObjectStats | undefined> {
  let stats: BigIntStats
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

export function assertRegularFile(stats: BigIntStats, attempt: Attempt): void {
  if (stats.isFile()) return
  throw unsupported(`not a regular file: ${attempt.path}`, {
    why: stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is a device, socket or pipe',
    remedy: 'Put a regular file in its place, or remove it.',
    attempt,
  })
}

/**
 * Names one state of one name. A replacement always has a later modification time than what it
 * replaces, so a number of the inode that is used again does not bring back an old version; an edit
 * by hand changes time or size.
 */
export function versionOf(stats: BigIntStats): ObjectVersion {
  const parts = [stats.ino, stats.mtimeNs, stats.size].map((part) => part.toString(36))
  return parts.join('-') as ObjectVersion
}

export function describe(key: ObjectKey, stats: BigIntStats): StoredObject {
  return {
    key,
    size: Number(stats.size),
    version: versionOf(stats),
    lastModified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  }
}
