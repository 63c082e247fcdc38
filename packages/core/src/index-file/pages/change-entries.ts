import type { Ulid } from '../../ulid/ulid.ts'
import type { GarbageEntry, Index, PageSummary, SegmentEntry } from '../format/model.ts'
import { type PageWriter, writePage } from './page-writer.ts'
import { readPage } from './pages.ts'

/** Which entries of an index change, and how. */
export interface EntryChanges {
  readonly ids: ReadonlySet<Ulid>
  /** Returns the changed entry. Must keep its id, incarnation and offsets. */
  readonly change: (entry: SegmentEntry) => SegmentEntry
  /** Since when the replaced pages are garbage: ISO 8601, by the storage's clock. */
  readonly since: string
  readonly writer: PageWriter
}

/**
 * Returns `index` with changed entries. Pages are immutable: new pages are uploaded when it
 * resolves, and the replaced ones are garbage of the new index.
 */
export async function withChangedEntries(index: Index, changes: EntryChanges): Promise<Index> {
  const { since } = changes
  const { pages, replaced } = await changePages(index.pages, changes)
  const garbage = replaced.map((id): GarbageEntry => ({ id, kind: 'page', since }))
  return {
    ...index,
    pages,
    segments: changeSegments(index.segments, changes),
    garbage: [...index.garbage, ...garbage],
  }
}

interface ChangedPages {
  readonly pages: readonly PageSummary[]
  /** Ids of pages that are no longer named. */
  readonly replaced: readonly Ulid[]
}

async function changePages(
  summaries: readonly PageSummary[],
  changes: EntryChanges,
): Promise<ChangedPages> {
  const pages: PageSummary[] = []
  const replaced: Ulid[] = []
  for (const summary of summaries) {
    const changed = await changePage(summary, changes)
    pages.push(...changed.pages)
    replaced.push(...changed.replaced)
  }
  return { pages, replaced }
}

async function changePage(summary: PageSummary, changes: EntryChanges): Promise<ChangedPages> {
  const { ids, writer } = changes
  const [least, greatest] = summary.ids
  const unchanged = { pages: [summary], replaced: [] }
  if (![...ids].some((id) => least <= id && id <= greatest)) return unchanged
  const page = await readPage(writer.storage, writer.topic, summary)
  const { in: n, next, leaderEpochs, requires, extra } = page
  const kept = { in: n, next, ...(leaderEpochs && { leaderEpochs }), requires, extra }
  if (page.level === 1) {
    if (!page.segments.some(({ id }) => ids.has(id))) return unchanged
    const segments = changeSegments(page.segments, changes)
    const written = await writePage(writer, { ...kept, segments })
    return { pages: [{ ...summary, ...written }], replaced: [summary.id] }
  }
  const inner = await changePages(page.pages, changes)
  if (inner.replaced.length === 0) return unchanged
  const written = await writePage(writer, { ...kept, pages: inner.pages })
  return { pages: [{ ...summary, ...written }], replaced: [summary.id, ...inner.replaced] }
}

function changeSegments(
  segments: readonly SegmentEntry[],
  { ids, change }: EntryChanges,
): readonly SegmentEntry[] {
  return segments.map((entry) => (ids.has(entry.id) ? change(entry) : entry))
}
