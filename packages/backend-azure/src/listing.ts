import type { BlobItem, ContainerClient } from '@azure/storage-blob'
import type { KeyPrefix, ListEntry, ListOptions } from '@kannery/storage'
import { abortOptions } from './client.ts'
import { type Attempt, azureError } from './errors.ts'
import type { Place } from './object-names.ts'
import { versionOf } from './reader.ts'

/**
 * What cannot be a key of ours is left out. The order is Azure's, which is another one with a
 * hierarchical namespace.
 */
export async function* listObjects(
  container: ContainerClient,
  place: Place,
  prefix: KeyPrefix,
  options: ListOptions,
  attempt: Attempt,
): AsyncGenerator<ListEntry> {
  const listOptions = { prefix: place.nameOf(prefix), ...abortOptions(options.signal) }
  const items =
    options.depth === 'all'
      ? container.listBlobsFlat(listOptions)
      : container.listBlobsByHierarchy('/', listOptions)
  const iterator = items[Symbol.asyncIterator]()
  for (;;) {
    let next: Awaited<ReturnType<typeof iterator.next>>
    try {
      next = await iterator.next()
    } catch (error) {
      throw azureError(error, attempt, options)
    }
    if (next.done === true) return
    const entry = entryOf(place, next.value)
    if (entry !== undefined) yield entry
  }
}

type Item = BlobItem | ({ kind: 'blob' } & BlobItem) | { kind: 'prefix'; name: string }

function entryOf(place: Place, item: Item): ListEntry | undefined {
  if ('kind' in item && item.kind === 'prefix') {
    const prefix = place.folderOf(item.name)
    return prefix === undefined ? undefined : { kind: 'folder', prefix }
  }
  const key = place.keyOf(item.name)
  const { contentLength: size, lastModified, etag } = item.properties
  if (key === undefined || size === undefined) return undefined
  const version = etag === undefined ? undefined : versionOf(etag)
  return { kind: 'object', info: { key, size, lastModified, version } }
}
