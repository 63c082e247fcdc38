import type { BlobItem, ContainerClient } from '@azure/storage-blob'
import type { KeyPrefix, ListEntry, ListOptions } from '@kannery/storage'
import { abortOptions } from './client.ts'
import { type Attempt, azureError } from './errors.ts'
import type { ObjectNames } from './object-names.ts'
import { versionOf } from './reader.ts'

/**
 * Lists in Azure's order, which differs from key order with a hierarchical namespace. Names that
 * cannot be keys are left out.
 */
export async function* listObjects(
  container: ContainerClient,
  names: ObjectNames,
  prefix: KeyPrefix,
  options: ListOptions,
  attempt: Attempt,
): AsyncGenerator<ListEntry> {
  const listOptions = { prefix: names.nameOf(prefix), ...abortOptions(options.signal) }
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
    const entry = entryOf(names, next.value)
    if (entry !== undefined) yield entry
  }
}

type Item = BlobItem | ({ kind: 'blob' } & BlobItem) | { kind: 'prefix'; name: string }

function entryOf(names: ObjectNames, item: Item): ListEntry | undefined {
  if ('kind' in item && item.kind === 'prefix') {
    const prefix = names.folderOf(item.name)
    return prefix === undefined ? undefined : { kind: 'folder', prefix }
  }
  const key = names.keyOf(item.name)
  const { contentLength: size, lastModified, etag } = item.properties
  if (key === undefined || size === undefined) return undefined
  const version = etag === undefined ? undefined : versionOf(etag)
  return { kind: 'object', info: { key, size, lastModified, version } }
}
