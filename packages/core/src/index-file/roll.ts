import { advanceEnds, type CoveredEnds, pagedEnds } from './coverage.ts'
import type { Index, PageSummary, SegmentEntry } from './format/model.ts'
import { encodeEntry } from './format/yaml-lines.ts'
import { type PageWriter, writePage } from './pages/page-writer.ts'
import { readPage } from './pages/pages.ts'

/**
 * Limits of the tail: the entries that the index itself names. When it exceeds one of them, its
 * oldest entries move into a page, until half of the limit is left.
 */
export interface TailLimits {
  /** The most entries. */
  readonly entries: number
  /** The most bytes of the entries as they are written. */
  readonly bytes: number
}

/** The default limits: 256 entries, 128 KiB. */
export const defaultTailLimits: TailLimits = {
  entries: 256,
  bytes: 128 * 1024,
}
/** The most entries of one page. */
export const pageEntries = 128
/**
 * When there are more summaries of one level than this, the oldest of them move into a page of the
 * next level.
 */
export const summaryLimit = 24
/** The most summaries of one page. */
export const pageSummaries = 16

/**
 * Moves the oldest entries of an index into pages when the tail is too large, so that the cost of a
 * commit does not grow with the age of the backup. The pages are uploaded when it resolves, and
 * only the returned index names them.
 */
export async function rollPages(
  index: Index,
  writer: PageWriter,
  limits: TailLimits = defaultTailLimits,
): Promise<Index> {
  let rolled = await rollTail(index, writer, limits)
  for (let run = overlongRun(rolled.pages); run !== undefined; run = overlongRun(rolled.pages)) {
    rolled = await rollSummaries(rolled, run, writer)
  }
  return rolled
}

/** Encodes each entry once: a rebuild may have found a million of them. */
async function rollTail(index: Index, writer: PageWriter, limits: TailLimits): Promise<Index> {
  const tail = new TailSizes(index.segments, limits)
  const pages = [...index.pages]
  let ends: { readonly of: number; readonly covered: CoveredEnds } | undefined
  for (let count = tail.overflow(); count > 0; count = tail.overflow()) {
    const segments = ofOneIncarnation(index.segments.slice(tail.first, tail.first + count))
    const n = segments[0]?.in ?? 0
    const before =
      ends?.of === n ? ends.covered : await pagedEnds(writer.storage, { ...index, pages }, n)
    const covered = advanceEnds(before, segments)
    ends = { of: n, covered }
    pages.push(await writePage(writer, { in: n, ...covered, segments }))
    tail.drop(segments.length)
  }
  return { ...index, pages, segments: index.segments.slice(tail.first) }
}

/** Keeps account of the size of the tail while its oldest entries leave it. */
export class TailSizes {
  readonly #sizes: readonly number[]
  readonly #limits: TailLimits
  #first = 0
  #bytes: number

  constructor(segments: readonly SegmentEntry[], limits: TailLimits) {
    this.#limits = limits
    this.#sizes = segments.map((entry) => Buffer.byteLength(encodeEntry({ ...entry })))
    this.#bytes = this.#sizes.reduce((sum, size) => sum + size, 0)
  }

  /** Position of the first entry that is still in the tail. */
  get first(): number {
    return this.#first
  }

  /** Returns how many of the oldest entries move into the next page; 0 when all may stay. */
  overflow(): number {
    const limits = this.#limits
    const entries = this.#sizes.length - this.#first
    if (entries <= limits.entries && this.#bytes <= limits.bytes) return 0
    let bytes = this.#bytes
    let count = 0
    const stays = (): boolean => bytes <= limits.bytes / 2 && entries - count <= limits.entries / 2
    while (count < entries && count < pageEntries && !stays()) bytes -= this.#sizeAt(count++)
    return count
  }

  /** Takes the oldest `count` entries off the account. */
  drop(count: number): void {
    for (let at = 0; at < count; at++) this.#bytes -= this.#sizeAt(at)
    this.#first += count
  }

  #sizeAt(offset: number): number {
    return this.#sizes[this.#first + offset] ?? 0
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
  const { next, leaderEpochs } = await readPage(writer.storage, index.topic, newest)
  const ends = { next, ...(leaderEpochs && { leaderEpochs }) }
  const summary = await writePage(writer, { in: oldest.in, ...ends, pages })
  const at = index.pages.indexOf(oldest)
  return { ...index, pages: index.pages.toSpliced(at, pages.length, summary) }
}

/**
 * Summaries in a row, of one incarnation and level, that are too many. Within an incarnation, the
 * older are of higher levels.
 */
function overlongRun(pages: readonly PageSummary[]): readonly PageSummary[] | undefined {
  const runs = Map.groupBy(pages, ({ in: n, level }) => `${n} ${level}`)
  return [...runs.values()].find((run) => run.length > summaryLimit)
}

/** The oldest ones up to where the incarnation changes. */
function ofOneIncarnation(segments: readonly SegmentEntry[]): readonly SegmentEntry[] {
  const end = segments.findIndex((entry) => entry.in !== segments[0]?.in)
  return end < 0 ? segments : segments.slice(0, end)
}
