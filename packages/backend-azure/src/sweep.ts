import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import type { CallOptions, KeyPrefix, SweepOptions } from '@kannery/storage'
import { abortOptions } from './client.ts'
import { azureError, isAnswer } from './errors.ts'
import type { Place } from './object-names.ts'

/**
 * Gives back the blocks of a name that has no committed blob; returns whether there may have been
 * some. Azure knows no request for it: a blob of no blocks is committed, which throws the others
 * away, and deleted. Who looks in between sees an empty object; so this is nothing for names that
 * several writers want at once.
 */
export async function discardBlocks(blob: BlockBlobClient, options: CallOptions): Promise<boolean> {
  const abort = abortOptions(options.signal)
  try {
    const { etag } = await blob.commitBlockList([], { conditions: { ifNoneMatch: '*' }, ...abort })
    await blob.delete({ conditions: { ifMatch: etag ?? '' }, ...abort })
    return true
  } catch (error) {
    // Somebody committed a blob; his commit has thrown our blocks away.
    if (isAnswer(error, 'BlobAlreadyExists', 'ConditionNotMet', 'BlobNotFound')) return false
    throw error
  }
}

/**
 * Gives back the blocks of blobs of ours that nobody committed. Azure itself keeps them for a week.
 */
export async function sweepBlocks(
  container: ContainerClient,
  place: Place,
  prefix: KeyPrefix,
  options: SweepOptions,
): Promise<number> {
  let swept = 0
  try {
    for await (const name of emptyBlobs(container, place.nameOf(prefix), options)) {
      const key = place.keyOf(name)
      if (key === undefined || !options.isOurs(key)) continue
      if (await discardBlocks(container.getBlockBlobClient(name), options)) swept++
    }
    return swept
  } catch (error) {
    const attempt = {
      operation: 'sweepUnfinished',
      key: prefix,
      place: place.describe(prefix),
    } as const
    throw azureError(error, attempt, options)
  }
}

/** Old enough, and either uncommitted or really empty: a listing does not tell which. */
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
