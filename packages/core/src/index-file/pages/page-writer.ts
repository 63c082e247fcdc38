import { KanneryError, type StorageBackend } from '@kannery/storage'
import { crc32c } from '../../digest/crc32c.ts'
import { formatDigest } from '../../digest/digest.ts'
import { topicKeys } from '../../layout/keys.ts'
import { putCertainly } from '../../objects/put-certainly.ts'
import type { Ulid } from '../../ulid/ulid.ts'
import { encodePage } from '../format/index-document.ts'
import type { Page, PageSummary, SegmentEntry } from '../format/model.ts'
import { summarizePages, summarizeSegments } from './page-summary.ts'

/** What is needed to write the pages of a topic. */
export interface PageWriter {
  readonly storage: StorageBackend
  readonly topic: string
  readonly epoch: number
  readonly writer: string
  readonly newId: () => Ulid
}

/**
 * The content of a new page: segments, or summaries of pages of one level. At least one entry; all
 * are of incarnation `in`.
 */
export type PageContent = Pick<Page, 'in' | 'next'> &
  Partial<Pick<Page, 'leaderEpochs' | 'requires' | 'extra'>> &
  ({ readonly segments: readonly SegmentEntry[] } | { readonly pages: readonly PageSummary[] })

/** Uploads a page under a new name, and returns its summary. */
export async function writePage(
  { storage, topic, epoch, writer, newId }: PageWriter,
  content: PageContent,
): Promise<PageSummary> {
  const { in: n } = content
  const level = 'pages' in content ? levelAbove(content.pages) : 1
  const id = newId()
  const bytes = encodePage({
    requires: { read: [], write: [] },
    segments: [],
    pages: [],
    extra: {},
    ...content,
    format: 1,
    topic,
    page: id,
    level,
    epoch,
    writer,
  })
  const key = topicKeys(topic).page(id)
  const outcome = await putCertainly(storage, key, bytes, { condition: { kind: 'if-absent' } })
  if (outcome.kind === 'refused') {
    throw new KanneryError('INTERNAL', `a new id is taken already: ${key}`, { facts: { key } })
  }
  const facts =
    'pages' in content ? summarizePages(content.pages) : summarizeSegments(content.segments)
  const digest = formatDigest(crc32c(bytes))
  return { id, in: n, level, bytes: bytes.length, digest, ...facts }
}

function levelAbove(pages: readonly PageSummary[]): number {
  return 1 + Math.max(...pages.map(({ level }) => level))
}
