import type { Bucket, GetFilesOptions } from '@google-cloud/storage'
import { compareKeys, type KeyPrefix, type ListEntry, type ListOptions } from '@kannery/storage'
import { type Attempt, containerNotFound, NotFound } from './errors.ts'
import { describeListed, type Metadata, metadataFields } from './metadata.ts'
import type { ObjectNames } from './object-names.ts'
import { callSdk, jsonOf } from './sdk-call.ts'

/** A page of a listing. https://cloud.google.com/storage/docs/json_api/v1/objects/list */
interface Page {
  readonly items?: readonly Metadata[]
  readonly prefixes?: readonly string[]
  readonly nextPageToken?: string
}

/** Lists in key order. Names that cannot be keys are left out. */
export async function* listObjects(
  bucket: Bucket,
  names: ObjectNames,
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
        prefix: names.nameOf(prefix),
        ...(depth === 'children' && { delimiter: '/' }),
        ...(startAfter && { startOffset: names.nameOf(startAfter) }),
        ...(pageToken !== undefined && { pageToken }),
        fields: `items(${metadataFields}),prefixes,nextPageToken`,
      },
      attempt,
      options,
    )
    yield* entriesOf(names, page)
    pageToken = page.nextPageToken
  } while (pageToken !== undefined && pageToken !== '')
}

/** Asks for one page. @throws STORAGE_CONTAINER_NOT_FOUND */
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
    throw error instanceof NotFound ? containerNotFound(attempt) : error
  }
}

/** Merges objects and folders, which Google lists apart, into one order. */
function entriesOf(names: ObjectNames, page: Page): ListEntry[] {
  const entries: ListEntry[] = []
  for (const item of page.items ?? []) {
    const key = names.keyOf(item.name)
    const info = key === undefined ? undefined : describeListed(key, item)
    if (info !== undefined) entries.push({ kind: 'object', info })
  }
  for (const name of page.prefixes ?? []) {
    const prefix = names.folderOf(name)
    if (prefix !== undefined) entries.push({ kind: 'folder', prefix })
  }
  return entries.sort((a, b) => compareKeys(nameOf(a), nameOf(b)))
}

function nameOf(entry: ListEntry): string {
  return entry.kind === 'object' ? entry.info.key : entry.prefix
}
