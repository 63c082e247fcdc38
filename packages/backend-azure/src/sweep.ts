import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import type { CallOptions, KeyPrefix, SweepOptions } from '@kannery/storage'
import { abortOptions } from './client.ts'
import { azureError, isAnswer } from './errors.ts'
import type { ObjectNames } from './object-names.ts'

/**
 * Deletes the blocks of a name that has no committed blob, and returns whether there may have been
 * some. Azure has no request for this: a blob without blocks is committed, which deletes the
 * others, and then deleted. In between, readers see an empty object; so this does not suit names
 * that several writers want at once.
 */
export async function discardBlocks(blob: BlockBlobClient, options: CallOptions): Promise<boolean> {
  const abort = abortOptions(options.signal)
  try {
    const { etag } = await blob.commitBlockList([], { conditions: { ifNoneMatch: '*' }, ...abort })
    await blob.delete({ conditions: { ifMatch: etag ?? '' }, ...abort })
    return true
  } catch (error) {
    // Another writer committed a blob, which deleted these blocks.
    if (isAnswer(error, 'BlobAlreadyExists', 'ConditionNotMet', 'BlobNotFound')) return false
    throw error
  }
}

/**
 * Deletes old uncommitted blocks of this storage, and returns of how many blobs. Azure keeps them
 * for a week.
 */
export async function sweepBlocks(
  container: ContainerClient,
  names: ObjectNames,
  prefix: KeyPrefix,
  options: SweepOptions,
): Promise<number> {
  let swept = 0
  try {
    for await (const name of emptyBlobs(container, names.nameOf(prefix), options)) {
      const key = names.keyOf(name)
      if (key === undefined || !options.isOurs(key)) continue
      if (await discardBlocks(container.getBlockBlobClient(name), options)) swept++
    }
    return swept
  } catch (error) {
    const attempt = {
      operation: 'sweepUnfinished',
      key: prefix,
      place: names.describe(prefix),
    } as const
    throw azureError(error, attempt, options)
  }
}

/** Names of old blobs that are uncommitted or empty: a listing does not say which. */
async function* emptyBlobs(
  container: ContainerClient,
  prefix: string,
  { olderThanMs, signal }: SweepOptions,
): AsyncGenerator<string> {
  const pages = container
    .listBlobsFlat({ prefix, includeUncommitedBlobs: true, ...abortOptions(signal) })
    .byPage()
  for await (const page of pages) {
    const now = page.date?.getTime()
    for (const { name, properties } of page.segment.blobItems) {
      const { contentLength, createdOn, lastModified } = properties
      const since = createdOn ?? lastModified
      if (contentLength !== 0 || now === undefined || since === undefined) continue
      if (now - since.getTime() >= olderThanMs) yield name
    }
  }
}
