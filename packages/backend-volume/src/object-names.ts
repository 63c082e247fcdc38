import { join } from 'node:path'
import { type KeyPrefix, type ObjectKey, objectKey, type Random } from '@kannery/storage'

/** Every folder has one, for unfinished files and claims. It is empty when no process writes. */
export const machineryName = '.kannery'

/** The names on the disk that belong to one object. */
export interface ObjectNames {
  readonly key: ObjectKey
  /** Path of the folder that holds the object. */
  readonly folder: string
  /** Name of the object in its folder. */
  readonly name: string
  /** Path of the object. */
  readonly path: string
  /** Path of the machinery beside the object. */
  readonly machinery: string
}

/**
 * Returns the names of an object below `root`, which is a real path. The key is checked once more,
 * so that none can lead out of the folder.
 */
export function namesOf(root: string, key: ObjectKey): ObjectNames {
  const segments = objectKey(key).split('/')
  const name = segments.pop() ?? ''
  const folder = join(root, ...segments)
  return { key, folder, name, path: join(folder, name), machinery: join(folder, machineryName) }
}

/** Returns the path of the folder that holds the keys below `prefix`. */
export function folderOf(root: string, prefix: KeyPrefix): string {
  return prefix === '' ? root : join(root, objectKey(prefix.slice(0, -1)))
}

/** Returns 128 random bits: a path made with them is never used again. */
export function newId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}
