import { compareKeys, type KeyPrefix, type ListEntry, type ListOptions } from '@kannery/storage'
import type { GcsClient } from './client.ts'
import { type Attempt, containerNotFound, NotThere } from './errors.ts'
import { describeListed, type Metadata, metadataFields } from './metadata.ts'
import type { Place } from './place.ts'

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list */
interface Page {
  readonly items?: readonly Metadata[]
  readonly prefixes?: readonly string[]
  readonly nextPageToken?: string
}

/** What cannot be a key of ours is left out. */
export async function* listObjects(
  client: GcsClient,
  place: Place,
  prefix: KeyPrefix,
  options: ListOptions,
  attempt: Attempt,
): AsyncGenerator<ListEntry> {
  const { depth, startAfter, signal } = options
  let pageToken: string | undefined
  do {
    const page: Page = await askForPage(
      client,
      {
        method: 'GET',
        path: place.objectsPath,
        query: {
          prefix: place.nameOf(prefix),
          delimiter: depth === 'children' ? '/' : undefined,
          startOffset: startAfter === undefined ? undefined : place.nameOf(startAfter),
          pageToken,
          fields: `items(${metadataFields}),prefixes,nextPageToken`,
        },
        ...(signal === undefined ? {} : { signal }),
      },
      attempt,
    )
    yield* entriesOf(place, page)
    pageToken = page.nextPageToken
  } while (pageToken !== undefined && pageToken !== '')
}

async function askForPage(
  client: GcsClient,
  request: Parameters<GcsClient['ask']>[0],
  attempt: Attempt,
): Promise<Page> {
  try {
    return await client.ask<Page>(request, attempt)
  } catch (error) {
    throw error instanceof NotThere ? containerNotFound(attempt) : error
  }
}

/** Google tells objects and folders apart, each in order; the contract wants one order. */
function entriesOf(place: Place, page: Page): ListEntry[] {
  const entries: ListEntry[] = []
  for (const item of page.items ?? []) {
    const key = place.keyOf(item.name)
    const info = key === undefined ? undefined : describeListed(key, item)
    if (info !== undefined) entries.push({ kind: 'object', info })
  }
  for (const name of page.prefixes ?? []) {
    const prefix = place.folderOf(name)
    if (prefix !== undefined) entries.push({ kind: 'folder', prefix })
  }
  return entries.sort((a, b) => compareKeys(nameOf(a), nameOf(b)))
}

function nameOf(entry: ListEntry): string {
  return entry.kind === 'object' ? entry.info.key : entry.prefix
}
