import { join } from 'node:path'
import {
  compareKeys,
  isObjectKey,
  type KeyPrefix,
  keyPrefix,
  type ListEntry,
  type ListOptions,
  type ObjectInfo,
  type ObjectKey,
  objectKey,
} from '@kannery/storage'
import { isErrno } from './errors.ts'
import type { FileSystem } from './file-system.ts'
import { describe } from './place.ts'

/** How many objects are looked at together. */
const batch = 64

interface Child {
  readonly kind: 'object' | 'folder'
  readonly name: string
  /** The name, with a slash for a folder: what a store without folders would sort by. */
  readonly sortsAs: string
}

/** In key order. What is not ours is left out: dot names, `lost+found`, links, devices, names that cannot be keys. */
export async function* listFolder(
  files: FileSystem,
  folder: string,
  prefix: KeyPrefix,
  options: ListOptions,
): AsyncGenerator<ListEntry> {
  let objects: Child[] = []
  const tellObjects = async function* (): AsyncGenerator<ListEntry> {
    for (const info of await describeAll(files, folder, prefix, objects)) {
      yield { kind: 'object', info }
    }
    objects = []
  }
  for (const child of await childrenOf(files, folder)) {
    options.signal?.throwIfAborted()
    if (isBefore(`${prefix}${child.sortsAs}`, options.startAfter)) continue
    if (child.kind === 'object') {
      objects.push(child)
      if (objects.length === batch) yield* tellObjects()
      continue
    }
    yield* tellObjects()
    const below = keyPrefix(`${prefix}${child.sortsAs}`)
    const path = join(folder, child.name)
    if (options.depth === 'all') yield* listFolder(files, path, below, options)
    else if (await holdsObjects(files, path)) yield { kind: 'folder', prefix: below }
  }
  yield* tellObjects()
}

/** A folder may hold keys after `startAfter` although its own name sorts before it. */
function isBefore(key: string, startAfter: ObjectKey | undefined): boolean {
  if (startAfter === undefined || startAfter.startsWith(key)) return key === startAfter
  return compareKeys(key, startAfter) < 0
}

async function childrenOf(files: FileSystem, folder: string): Promise<Child[]> {
  const children: Child[] = []
  for (const entry of await readFolder(files, folder)) {
    const kind = kindOf(entry)
    if (kind === undefined) continue
    const { name } = entry
    children.push({ kind, name, sortsAs: kind === 'folder' ? `${name}/` : name })
  }
  return children.sort((a, b) => compareKeys(a.sortsAs, b.sortsAs))
}

interface Entry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

async function readFolder(files: FileSystem, folder: string): Promise<readonly Entry[]> {
  try {
    return await files.readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

function kindOf(entry: Entry): Child['kind'] | undefined {
  if (entry.name === 'lost+found' || !isKeySegment(entry.name)) return undefined
  if (entry.isFile()) return 'object'
  return entry.isDirectory() ? 'folder' : undefined
}

function isKeySegment(name: string): boolean {
  // What Node could not decode holds replacement characters: no key leads to that file.
  return isObjectKey(name) && !name.includes('\ufffd')
}

/** An empty folder is none in a storage: it is what deleted objects leave behind. */
async function holdsObjects(files: FileSystem, folder: string): Promise<boolean> {
  const folders: string[] = []
  try {
    for await (const entry of await files.opendir(folder)) {
      const kind = kindOf(entry)
      if (kind === 'object') return true
      if (kind === 'folder') folders.push(join(folder, entry.name))
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
  for (const below of folders) if (await holdsObjects(files, below)) return true
  return false
}

async function describeAll(
  files: FileSystem,
  folder: string,
  prefix: KeyPrefix,
  objects: readonly Child[],
): Promise<ObjectInfo[]> {
  const infos = await Promise.all(
    objects.map(async ({ name }) => {
      try {
        const stats = await files.lstat(join(folder, name), { bigint: true })
        return stats.isFile() ? describe(objectKey(`${prefix}${name}`), stats) : undefined
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
        throw error
      }
    }),
  )
  return infos.filter((info) => info !== undefined)
}
