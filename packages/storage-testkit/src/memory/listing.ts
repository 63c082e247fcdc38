import {
  compareKeys,
  type KeyPrefix,
  keyPrefix,
  type ListEntry,
  type ListOptions,
} from '@kannery/storage'
import type { MemoryWorld } from './memory-world.ts'

/** Yields the entries of a listing. It leaves out objects that are deleted while it runs. */
export function* listWorld(
  world: MemoryWorld,
  prefix: KeyPrefix,
  options: ListOptions,
): Generator<ListEntry> {
  const { depth, startAfter } = options
  const listedFolders = new Set<string>()
  for (const key of world.keys()) {
    if (!key.startsWith(prefix)) continue
    const slash = depth === 'children' ? key.indexOf('/', prefix.length) : -1
    if (slash === -1) {
      if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue
      // Deleted since the listing began: a store's page would not show it either.
      const info = world.find(key)?.info
      if (info !== undefined) yield { kind: 'object', info }
      continue
    }
    const folder = keyPrefix(key.slice(0, slash + 1))
    if (listedFolders.has(folder) || isPassed(folder, startAfter)) continue
    listedFolders.add(folder)
    yield { kind: 'folder', prefix: folder }
  }
}

/** A folder that begins before `startAfter` may hold keys after it. */
function isPassed(folder: KeyPrefix, startAfter: string | undefined): boolean {
  if (startAfter === undefined || startAfter.startsWith(folder)) return false
  return compareKeys(folder, startAfter) <= 0
}
