import type { Bucket, GetFilesOptions } from '@google-cloud/storage'
import { compareKeys, type KeyPrefix, type ListEntry, type ListOptions } from '@kannery/storage'
import { type Attempt, containerNotFound, NotThere } from './errors.ts'
import { describeListed, type Metadata, metadataFields } from './metadata.ts'
import type { Place } from './object-names.ts'
import { callSdk, jsonOf } from './sdk-call.ts'

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list */
interface Page {
  readonly items?: readonly Metadata[]
  readonly prefixes?: readonly string[]
  readonly nextPageToken?: string
}

/** What cannot be a key of ours is left out. */
export async function* listObjects(
  bucket: Bucket,
  place: Place,
  prefix: KeyPrefix,
  options: ListOptions,
  attempt: Attempt,
): AsyncGenerator<ListEntry> {
  const { depth, startAfter } = options
  let pageToken: string | undefined
  do {
    const page = await askForPage(
      bucket,
      {
        prefix: place.nameOf(prefix),
        ...(depth === 'children' && { delimiter: '/' }),
        ...(startAfter && { startOffset: place.nameOf(startAfter) }),
        ...(pageToken !== undefined && { pageToken }),
        fields: `items(${metadataFields}),prefixes,nextPageToken`,
      },
      attempt,
      options,
    )
    yield* entriesOf(place, page)
    pageToken = page.nextPageToken
  } while (pageToken !== undefined && pageToken !== '')
}

/** @throws STORAGE_CONTAINER_NOT_FOUND */
export async function askForPage(
  bucket: Bucket,
  query: GetFilesOptions,
  attempt: Attempt,
  options: Pick<ListOptions, 'signal'>,
): Promise<Page> {
  const ask = () => bucket.getFiles({ ...query, autoPaginate: false })
  try {
    const [, , page] = await callSdk(ask, attempt, options)
    return jsonOf<Page>(page, attempt)
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
