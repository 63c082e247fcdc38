import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import type { ObjectVersion } from '@kannery/storage'
import { type KeyPrefix, type ObjectKey, objectKey, type StoredObject } from '@kannery/storage'
import type { FileSystem } from './disk/file-system.ts'
import { type Attempt, isErrno, unsupported } from './errors.ts'

/** Every folder has one: unfinished files and claims, nothing else. Empty when nobody writes. */
export const machineryName = '.kannery'

/** Where an object lies. */
export interface Place {
  readonly key: ObjectKey
  readonly folder: string
  readonly name: string
  readonly path: string
  readonly machinery: string
}

/**
 * `root` is a real path. A key that was never checked cannot lead out of it: it is checked here
 * once more.
 */
export function placeOf(root: string, key: ObjectKey): Place {
  const segments = objectKey(key).split('/')
  const name = segments.pop() ?? ''
  const folder = join(root, ...segments)
  return { key, folder, name, path: join(folder, name), machinery: join(folder, machineryName) }
}

export function folderOf(root: string, prefix: KeyPrefix): string {
  return prefix === '' ? root : join(root, objectKey(prefix.slice(0, -1)))
}

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
