import type { StorageBackend } from '@kannery/storage'
import type { NamedObject } from '../../layout/keys.ts'
import type { Ulid } from '../../ulid/ulid.ts'
import type { Index, PageSummary, SegmentEntry } from '../format/model.ts'
import { readPage } from './pages.ts'

/**
 * Returns the ids of those `objects` that the index names: in its tail, as a page, or in a page at
 * any depth, whatever the state of the entry. Reads only pages that may name one of them.
 *
 * @throws DATA_CORRUPT for such a page that is damaged or missing; STORAGE_*
 */
export async function namedAmong(
  storage: StorageBackend,
  index: Index,
  objects: readonly NamedObject[],
): Promise<ReadonlySet<Ulid>> {
  return await among(storage, index, { objects, counts: () => true })
}

/** As {@link namedAmong}, without segments that the index lists as deleted. */
export async function liveAmong(
  storage: StorageBackend,
  index: Index,
  objects: readonly NamedObject[],
): Promise<ReadonlySet<Ulid>> {
  return await among(storage, index, { objects, counts: ({ state }) => state !== 'deleted' })
}

interface Question {
  readonly objects: readonly NamedObject[]
  /** Whether an entry names its segment. */
  readonly counts: (entry: SegmentEntry) => boolean
}

async function among(
  storage: StorageBackend,
  index: Index,
  { objects, counts }: Question,
): Promise<ReadonlySet<Ulid>> {
  const named = new Set<Ulid>()
  let wanted = objects
  const note = (names: readonly { readonly id: Ulid }[]): void => {
    const ids = new Set(names.map(({ id }) => id))
    for (const { id } of wanted) if (ids.has(id)) named.add(id)
    wanted = wanted.filter(({ id }) => !ids.has(id))
  }
  const visit = async (summaries: readonly PageSummary[]): Promise<void> => {
    note(summaries)
    for (const summary of summaries) {
      if (!wanted.some((object) => mayName(summary, object))) continue
      const page = await readPage(storage, index.topic, summary)
      note(page.segments.filter(counts))
      await visit(page.pages)
    }
  }
  note(index.segments.filter(counts))
  await visit(index.pages)
  return named
}

function mayName({ ids, pages }: PageSummary, { kind, id }: NamedObject): boolean {
  const range = kind === 'segment' ? ids : pages
  return range !== undefined && range[0] <= id && id <= range[1]
}
