import { join } from 'node:path'
import { type KeyPrefix, type ObjectKey, objectKey, type Random } from '@kannery/storage'

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

/** 128 random bits: a path made with it is never used again. */
export function newId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}
