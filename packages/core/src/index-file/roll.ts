import { advanceBy, pagedOffsets } from './coverage.ts'
import type { Index, PageSummary, SegmentEntry } from './model.ts'
import { type PageWriter, writePage } from './page-writer.ts'
import { readPage } from './pages.ts'
import { encodeEntry } from './yaml-lines.ts'

/** The tail may have this much; then its oldest entries move into a page, down to half of it. */
export const tailLimits: { readonly entries: number; readonly bytes: number } = {
  entries: 256,
  bytes: 128 * 1024,
}
/** How many entries one page takes. */
export const pageEntries = 128
/** With more summaries of one level than this, the oldest of them move into a page of the next level. */
export const summaryLimit = 24
/** How many summaries one page takes. */
export const pageSummaries = 16

/**
 * Moves what has become too much into pages, so that the cost of a commit does not grow with the age of the backup. The pages
 * are uploaded when it resolves, and only the index that is returned names them.
 */
export async function rollPages(index: Index, writer: PageWriter): Promise<Index> {
  let rolled = index
  for (let count = overflow(rolled.segments); count > 0; count = overflow(rolled.segments)) {
    rolled = await rollSegments(rolled, count, writer)
  }
  for (let run = overlongRun(rolled.pages); run !== undefined; run = overlongRun(rolled.pages)) {
    rolled = await rollSummaries(rolled, run, writer)
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

async function rollSegments(index: Index, count: number, writer: PageWriter): Promise<Index> {
  const segments = ofOneIncarnation(index.segments.slice(0, count))
  const n = segments[0]?.in ?? 0
  const next = advanceBy(await pagedOffsets(writer.storage, index, n), segments)
  const summary = await writePage(writer, { in: n, next, segments })
  return {
    ...index,
    pages: [...index.pages, summary],
    segments: index.segments.slice(segments.length),
  }
}

async function rollSummaries(
  index: Index,
  run: readonly PageSummary[],
  writer: PageWriter,
): Promise<Index> {
  const pages = run.slice(0, pageSummaries)
  const [oldest] = pages
  const newest = pages.at(-1)
  if (oldest === undefined || newest === undefined) return index
  const { next } = await readPage(writer.storage, index.topic, newest)
  const summary = await writePage(writer, { in: oldest.in, next, pages })
  const at = index.pages.indexOf(oldest)
  return { ...index, pages: index.pages.toSpliced(at, pages.length, summary) }
}

/** Summaries in a row, of one incarnation and level, that are too many. Within an incarnation, the older are of higher levels. */
function overlongRun(pages: readonly PageSummary[]): readonly PageSummary[] | undefined {
  const runs = Map.groupBy(pages, ({ in: n, level }) => `${n} ${level}`)
  return [...runs.values()].find((run) => run.length > summaryLimit)
}

/** The oldest ones up to where the incarnation changes. */
function ofOneIncarnation(segments: readonly SegmentEntry[]): readonly SegmentEntry[] {
  const end = segments.findIndex((entry) => entry.in !== segments[0]?.in)
  return end < 0 ? segments : segments.slice(0, end)
}
