import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { crc32c } from '../digest/crc32c.ts'
import { formatDigest } from '../digest/digest.ts'
import { topicKeys } from '../layout/keys.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { advanceBy, pagedOffsets } from './coverage.ts'
import { encodePage } from './index-document.ts'
import type { Index, Page, PageSummary, SegmentEntry } from './model.ts'
import { summarizePages, summarizeSegments } from './page-summary.ts'
import { readPage } from './pages.ts'
import { putCertainly } from './put-certainly.ts'
import { encodeEntry } from './yaml-lines.ts'

/** The tail may have this much; then its oldest entries move into a page, down to half of it. */
export const tailLimits: { readonly entries: number; readonly bytes: number } = {
  entries: 256,
  bytes: 128 * 1024,
}
/** With more summaries than this, the oldest ones of level 1 move into a page of level 2. */
export const summaryLimit = 256
/** How many entries or summaries one page takes. */
export const pageEntries = 128

/** Who writes pages, and under which names. */
export interface PageWriter {
  readonly epoch: number
  readonly writer: string
  readonly newId: () => Ulid
}

/**
 * Moves what has become too much into pages, so that the cost of a commit does not grow with the age of the backup. The pages
 * are uploaded when it resolves, and only the index that is returned names them.
 */
export async function rollPages(
  storage: StorageBackend,
  index: Index,
  writer: PageWriter,
): Promise<Index> {
  let rolled = index
  for (let count = overflow(rolled.segments); count > 0; count = overflow(rolled.segments)) {
    rolled = await rollSegments(storage, rolled, count, writer)
  }
  while (rolled.pages.length > summaryLimit && levelOne(rolled.pages).length >= pageEntries) {
    rolled = await rollSummaries(storage, rolled, writer)
  }
  return rolled
}

/** How many of the oldest entries the next page takes; 0 while all may stay. */
export function overflow(segments: readonly SegmentEntry[]): number {
  const sizes = segments.map((entry) => Buffer.byteLength(encodeEntry({ ...entry })))
  let bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (segments.length <= tailLimits.entries && bytes <= tailLimits.bytes) return 0
  let count = 0
  const stays = (): boolean =>
    bytes <= tailLimits.bytes / 2 && segments.length - count <= tailLimits.entries / 2
  while (count < segments.length && count < pageEntries && !stays()) bytes -= sizes[count++] ?? 0
  return count
}

async function rollSegments(
  storage: StorageBackend,
  index: Index,
  count: number,
  writer: PageWriter,
): Promise<Index> {
  const entries = ofOneIncarnation(index.segments.slice(0, count))
  const n = entries[0]?.in ?? 0
  const page: Page = {
    ...newPage(index, n, writer),
    level: 1,
    next: advanceBy(await pagedOffsets(storage, index, n), entries),
    segments: entries,
    pages: [],
  }
  const summary = { ...summarizeSegments(entries), ...(await storePage(storage, page)) }
  return {
    ...index,
    pages: [...index.pages, summary],
    segments: index.segments.slice(entries.length),
  }
}

async function rollSummaries(
  storage: StorageBackend,
  index: Index,
  writer: PageWriter,
): Promise<Index> {
  const moved = ofOneIncarnation(levelOne(index.pages).slice(0, pageEntries))
  const [oldest] = moved
  const newest = moved.at(-1)
  if (oldest === undefined || newest === undefined) return index
  const { next } = await readPage(storage, index.topic, newest)
  const page: Page = {
    ...newPage(index, oldest.in, writer),
    level: 2,
    next,
    segments: [],
    pages: moved,
  }
  const summary = { ...summarizePages(moved), ...(await storePage(storage, page)) }
  const at = index.pages.indexOf(oldest)
  return { ...index, pages: index.pages.toSpliced(at, moved.length, summary) }
}

/** Uploads the page under its own, new name. */
async function storePage(
  storage: StorageBackend,
  page: Page,
): Promise<Pick<PageSummary, 'id' | 'in' | 'level' | 'bytes' | 'digest'>> {
  const bytes = encodePage(page)
  const key = topicKeys(page.topic).page(page.page)
  const outcome = await putCertainly(storage, key, bytes, { condition: { kind: 'if-absent' } })
  if (outcome.kind === 'refused') throw nameTaken(key)
  const { page: id, in: n, level } = page
  return { id, in: n, level, bytes: bytes.length, digest: formatDigest(crc32c(bytes)) }
}

function newPage(
  index: Index,
  n: number,
  { epoch, writer, newId }: PageWriter,
): Pick<Page, 'format' | 'requires' | 'topic' | 'page' | 'in' | 'epoch' | 'writer' | 'extra'> {
  const requires = { read: [], write: [] }
  return { format: 1, requires, topic: index.topic, page: newId(), in: n, epoch, writer, extra: {} }
}

function levelOne(pages: readonly PageSummary[]): readonly PageSummary[] {
  return pages.filter(({ level }) => level === 1)
}

/** The oldest ones up to where the incarnation changes. */
function ofOneIncarnation<T extends { readonly in: number }>(items: readonly T[]): readonly T[] {
  const end = items.findIndex((item) => item.in !== items[0]?.in)
  return end < 0 ? items : items.slice(0, end)
}

function nameTaken(key: ObjectKey): KanneryError {
  return new KanneryError('INTERNAL', `a new id is taken already: ${key}`, { facts: { key } })
}
