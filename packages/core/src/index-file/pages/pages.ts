import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { crc32c } from '../../digest/crc32c.ts'
import { formatDigest } from '../../digest/digest.ts'
import { topicKeys } from '../../layout/keys.ts'
import { corruptDocument } from '../format/errors.ts'
import { parsePage } from '../format/index-document.ts'
import {
  type Index,
  maxIndexBytes,
  type Page,
  type PageSummary,
  type SegmentEntry,
} from '../format/model.ts'

/**
 * Reads the page of a summary, and checks its size and digest.
 *
 * @throws DATA_CORRUPT, also when the page is missing: then with `retry` `after-refresh`, because a
 *   newer index may name another page; INDEX_FOREIGN, DATA_VERSION_UNSUPPORTED as parseIndex;
 *   STORAGE_*
 */
export async function readPage(
  storage: StorageBackend,
  topic: string,
  summary: PageSummary,
): Promise<Page> {
  const { id, bytes: length, digest } = summary
  const key = topicKeys(topic).page(id)
  const object = await readObject(storage, key, { maxBytes: maxIndexBytes })
  if (object === undefined) throw pageMissing(topic, key)
  const { bytes } = object
  if (bytes.length !== length || formatDigest(crc32c(bytes)) !== digest) {
    const why = `the index names ${length} bytes with digest ${digest}; there are ${bytes.length} with ${formatDigest(crc32c(bytes))}`
    throw corruptDocument({ kind: 'page', key, topic }, { from: 0, to: bytes.length, why })
  }
  return parsePage(bytes, topic, id)
}

/**
 * Lists every segment that the index names: those of pages, oldest first, then those of the tail.
 * Pages are read as they are needed; one of each level is in memory at a time.
 *
 * @throws as {@link readPage}
 */
export async function* segmentEntries(
  storage: StorageBackend,
  index: Index,
): AsyncGenerator<SegmentEntry> {
  for (const summary of index.pages) yield* entriesOfPage(storage, index.topic, summary)
  yield* index.segments
}

async function* entriesOfPage(
  storage: StorageBackend,
  topic: string,
  summary: PageSummary,
): AsyncGenerator<SegmentEntry> {
  const page = await readPage(storage, topic, summary)
  for (const inner of page.pages) yield* entriesOfPage(storage, topic, inner)
  yield* page.segments
}

function pageMissing(topic: string, key: ObjectKey): KanneryError {
  return new KanneryError('DATA_CORRUPT', `the page ${key} is missing`, {
    retry: 'after-refresh',
    why: 'the index names it, but there is no such object',
    remedy: 'Put a good copy back, or rebuild the index from the segments.',
    advice: { id: 'rebuild-index', topic, state: 'damaged' },
    facts: { key, topic },
  })
}
