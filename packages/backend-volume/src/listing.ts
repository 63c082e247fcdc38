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
import type { FileSystem } from './disk/file-system.ts'
import { isErrno } from './errors.ts'
import { describe } from './object-stats.ts'

/** How many objects are looked at in parallel. */
const batch = 64

interface Child {
  /** A `link` leads to a folder, or to something that cannot be looked at. */
  readonly kind: 'object' | 'folder' | 'link'
  readonly name: string
  /** The name, with a slash after that of a folder: a store without folders would sort by it. */
  readonly sortsAs: string
}

/**
 * Lists a folder in key order. What no backup writes is left out: dot names, `lost+found`, links to
 * files, devices, names that cannot be keys. A link in the place of a folder is not followed; among
 * children it is listed as a folder, so that a caller that looks into it gets an error instead of
 * missing what it holds.
 */
export async function* listFolder(
  files: FileSystem,
  folder: string,
  prefix: KeyPrefix,
  options: ListOptions,
): AsyncGenerator<ListEntry> {
  let objects: Child[] = []
  const takeObjects = async function* (): AsyncGenerator<ListEntry> {
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
      if (objects.length === batch) yield* takeObjects()
      continue
    }
    yield* takeObjects()
    const below = keyPrefix(`${prefix}${child.sortsAs}`)
    const path = join(folder, child.name)
    if (options.depth === 'all') {
      if (child.kind === 'folder') yield* listFolder(files, path, below, options)
    } else if (child.kind === 'link' || (await mayHoldObjects(files, path))) {
      yield { kind: 'folder', prefix: below }
    }
  }
  yield* takeObjects()
}

/** A folder may hold keys after `startAfter` although its own name comes before it. */
function isBefore(key: string, startAfter: ObjectKey | undefined): boolean {
  if (startAfter === undefined || startAfter.startsWith(key)) return key === startAfter
  return compareKeys(key, startAfter) < 0
}

async function childrenOf(files: FileSystem, folder: string): Promise<Child[]> {
  const children: Child[] = []
  for (const entry of await readFolder(files, folder)) {
    const { name } = entry
    const kind = entry.isSymbolicLink() ? await kindOfLink(files, folder, name) : kindOf(entry)
    if (kind === undefined) continue
    children.push({ kind, name, sortsAs: kind === 'object' ? name : `${name}/` })
  }
  return children.sort((a, b) => compareKeys(a.sortsAs, b.sortsAs))
}

interface Entry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

async function readFolder(files: FileSystem, folder: string): Promise<readonly Entry[]> {
  try {
    return await files.readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

async function kindOfLink(
  files: FileSystem,
  folder: string,
  name: string,
): Promise<'link' | undefined> {
  if (isForeign(name)) return undefined
  try {
    return (await files.stat(join(folder, name))).isDirectory() ? 'link' : undefined
  } catch (error) {
    // It leads to what is not mounted or may not be read, or to itself.
    if (isErrno(error)) return 'link'
    throw error
  }
}

function kindOf(entry: Entry): 'object' | 'folder' | undefined {
  if (isForeign(entry.name)) return undefined
  if (entry.isFile()) return 'object'
  return entry.isDirectory() ? 'folder' : undefined
}

function isForeign(name: string): boolean {
  return name === 'lost+found' || !isKeySegment(name)
}

function isKeySegment(name: string): boolean {
  // A name that Node.js could not decode has replacement characters: no key leads to that file.
  return isObjectKey(name) && !name.includes('\ufffd')
}

/**
 * Whether a folder counts as one of the storage. An empty one does not: deleted objects leave it.
 * One that cannot be looked into does: it may hold something.
 */
async function mayHoldObjects(files: FileSystem, folder: string): Promise<boolean> {
  const folders: string[] = []
  try {
    for await (const entry of await files.opendir(folder)) {
      const kind = kindOf(entry)
      if (kind === 'object') return true
      if (kind === 'folder') folders.push(join(folder, entry.name))
    }
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EIO')) return true
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
  for (const below of folders) if (await mayHoldObjects(files, below)) return true
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
