import type { StorageBackend } from '@kannery/storage'
import type { Index, Page, PageSummary, SegmentEntry } from '../index-file/format/model.ts'
import { readPage } from '../index-file/pages/pages.ts'
import type { Ulid } from '../ulid/ulid.ts'

/** How many pages are kept in memory: neighbouring segments are looked up one after the other. */
const keptPages = 8

/** Looks up entries of an index by their id, in memory that does not grow with the index. */
export class NamedSegments {
  readonly #storage: StorageBackend
  readonly #index: Index
  readonly #tail: ReadonlyMap<Ulid, SegmentEntry>
  readonly #pages = new Map<Ulid, Page>()

  constructor(storage: StorageBackend, index: Index) {
    this.#storage = storage
    this.#index = index
    this.#tail = new Map(index.segments.map((entry) => [entry.id, entry]))
  }

  /** Whether the index names this very page, and therefore everything in it. */
  namesPage({ id, digest }: PageSummary): boolean {
    return this.#index.pages.some((summary) => summary.id === id && summary.digest === digest)
  }

  async find(id: Ulid): Promise<SegmentEntry | undefined> {
    return this.#tail.get(id) ?? (await this.#findIn(this.#index.pages, id))
  }

  async #findIn(summaries: readonly PageSummary[], id: Ulid): Promise<SegmentEntry | undefined> {
    for (const summary of summaries) {
      const [least, greatest] = summary.ids
      if (id < least || greatest < id) continue
      const page = await this.#page(summary)
      const found =
        page.segments.find((entry) => entry.id === id) ?? (await this.#findIn(page.pages, id))
      if (found !== undefined) return found
    }
    return undefined
  }

  async #page(summary: PageSummary): Promise<Page> {
    const { id } = summary
    const page = this.#pages.get(id) ?? (await readPage(this.#storage, this.#index.topic, summary))
    this.#pages.delete(id)
    this.#pages.set(id, page)
    const [oldest] = this.#pages.keys()
    if (this.#pages.size > keptPages && oldest !== undefined) this.#pages.delete(oldest)
    return page
  }
}
