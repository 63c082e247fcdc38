import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import {
  compareKeys,
  type KeyPrefix,
  type ListEntry,
  type ListOptions,
  type ObjectVersion,
} from '@kannery/storage'
import { abortOptions, type Connection } from './client.ts'
import type { S3Config } from './config.ts'
import { type Attempt, s3Error } from './errors.ts'
import type { ObjectNames } from './object-names.ts'

/**
 * Whether the bucket lists in key order, so that a listing can begin anywhere without losing
 * something. Directory buckets do not:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. Nor do stores that keep
 * folders (SeaweedFS: `a/1` comes before `a!`, and not at all after it).
 */
export function listsInOrder({ bucket, endpoint }: S3Config): boolean {
  return endpoint === undefined && !bucket.endsWith('--x-s3')
}

/** Lists page by page, in the order of the store. Names that cannot be keys are left out. */
export async function* listObjects(
  { client, sdk }: Connection,
  names: ObjectNames,
  prefix: KeyPrefix,
  options: ListOptions,
  attempt: Attempt,
): AsyncGenerator<ListEntry> {
  const { depth, startAfter, signal } = options
  let token: string | undefined
  do {
    const command = new sdk.ListObjectsV2Command({
      Bucket: names.bucket,
      Prefix: names.nameOf(prefix),
      Delimiter: depth === 'children' ? '/' : undefined,
      StartAfter: startAfter && names.nameOf(startAfter),
      ContinuationToken: token,
    })
    let page: ListObjectsV2CommandOutput
    try {
      page = await client.send(command, abortOptions(signal))
    } catch (error) {
      throw s3Error(error, attempt, options)
    }
    yield* entriesOf(names, page)
    token = page.NextContinuationToken
  } while (token !== undefined)
}

/** Merges objects and folders, which S3 lists apart, into one order. */
function entriesOf(names: ObjectNames, page: ListObjectsV2CommandOutput): ListEntry[] {
  const entries: ListEntry[] = []
  for (const { Key, Size: size, ETag, LastModified: lastModified } of page.Contents ?? []) {
    const key = names.keyOf(Key)
    if (key === undefined || size === undefined || lastModified === undefined) continue
    const version = ETag as ObjectVersion | undefined
    entries.push({ kind: 'object', info: { key, size, lastModified, version } })
  }
  for (const { Prefix } of page.CommonPrefixes ?? []) {
    const prefix = names.folderOf(Prefix)
    if (prefix !== undefined) entries.push({ kind: 'folder', prefix })
  }
  return entries.sort((a, b) => compareKeys(nameOf(a), nameOf(b)))
}

function nameOf(entry: ListEntry): string {
  return entry.kind === 'object' ? entry.info.key : entry.prefix
}
