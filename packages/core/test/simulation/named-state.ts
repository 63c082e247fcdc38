import type { MemoryStorage } from '@kannery/storage-testkit'
import { parseIndex, parsePage } from '../../src/index-file/format/index-document.ts'
import type { Index, PageSummary, SegmentEntry } from '../../src/index-file/format/model.ts'
import type { Ulid } from '../../src/ulid/ulid.ts'
import { keys, topic } from './steps.ts'

/** What an index says of all that lies in its topic's folder. */
export interface NamedState {
  readonly index: Index
  /** In their order, those in pages first. */
  readonly entries: readonly SegmentEntry[]
  readonly pages: ReadonlySet<Ulid>
}

/**
 * By the bytes of an index, and the pages that lie in the storage at this moment. @throws
 * DATA_CORRUPT, also without a page
 */
export function namedStateOf(memory: MemoryStorage, bytes: Uint8Array): NamedState {
  const index = parseIndex(bytes, topic)
  const pages = new Set<Ulid>()
  const entries: SegmentEntry[] = []
  const visit = (summaries: readonly PageSummary[]): void => {
    for (const { id } of summaries) {
      pages.add(id)
      const page = parsePage(memory.peek(keys.page(id)) ?? new Uint8Array(), topic, id)
      visit(page.pages)
      entries.push(...page.segments)
    }
  }
  visit(index.pages)
  return { index, entries: [...entries, ...index.segments], pages }
}
