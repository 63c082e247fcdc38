import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gap, segment, World } from '../../test/fixtures.ts'
import { sampleIndex } from '../../test/sample-index.ts'
import { collect } from '../../test/segments.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { nextOffsets, readCoverage } from './coverage.ts'
import type { Index, SegmentEntry } from './format/model.ts'
import { encodeEntry } from './format/yaml-lines.ts'
import { withChangedEntries } from './pages/change-entries.ts'
import { summarizeHoldings } from './pages/page-summary.ts'
import { type PageWriter, writePage } from './pages/page-writer.ts'
import { readPage, segmentEntries } from './pages/pages.ts'
import {
  defaultTailLimits,
  pageEntries,
  pageSummaries,
  rollPages,
  summaryLimit,
  TailSizes,
} from './roll.ts'

function pageWriter(): { writer: PageWriter; ids: UlidSource; storage: MemoryStorage } {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  const ids = new UlidSource({ clock, random: seededRandom(1) })
  const writer = { storage, topic: 'orders', epoch: 1, writer: 'w', newId: () => ids.next() }
  return { writer, ids, storage }
}

const empty: Index = { ...sampleIndex, pages: [], segments: [], gaps: [] }
const start = {
  ...empty.incarnations[0],
  n: 0,
  partitions: 1,
  start: {},
} as Index['incarnations'][number]

const bytesOf = (entries: readonly SegmentEntry[]): number =>
  entries.reduce((sum, entry) => sum + Buffer.byteLength(encodeEntry({ ...entry })), 0)

/** With `count` pages of level 1, each of one segment of one offset. */
async function indexOfPages(
  count: number,
  { writer, ids }: ReturnType<typeof pageWriter>,
): Promise<Index> {
  const pages = []
  for (let at = 0; at < count; at++) {
    const segments = [segment(ids.next(), { 0: [at, at + 1] })]
    pages.push(await writePage(writer, { in: 0, next: { 0: at + 1 }, segments }))
  }
  return { ...empty, incarnations: [start], pages }
}

describe('rolling entries into pages', () => {
  test('a tail within its limits stays', async () => {
    const { ids } = pageWriter()
    const entries = Array.from({ length: defaultTailLimits.entries }, (_, at) =>
      segment(ids.next(), { 0: [at, at + 1] }),
    )

    expect(new TailSizes(entries, defaultTailLimits).overflow()).toBe(0)
    expect(
      new TailSizes(
        [...entries, segment(ids.next(), { 0: [256, 257] })],
        defaultTailLimits,
      ).overflow(),
    ).toBe(pageEntries)
  })

  test('a tail that is too large by bytes gives its oldest entries away, down to half the limit', () => {
    const { ids } = pageWriter()
    const wide = (at: number): SegmentEntry =>
      segment(
        ids.next(),
        Object.fromEntries(Array.from({ length: 500 }, (_, p) => [p, [at, at + 1]])),
      )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        const entries = Array.from({ length: count }, (_, at) => wide(at))
        const moved = new TailSizes(entries, defaultTailLimits).overflow()
        if (bytesOf(entries) <= defaultTailLimits.bytes) {
          expect(moved).toBe(0)
        } else {
          expect(bytesOf(entries.slice(moved))).toBeLessThanOrEqual(defaultTailLimits.bytes / 2)
          expect(bytesOf(entries.slice(moved - 1))).toBeGreaterThan(defaultTailLimits.bytes / 2)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('300 segments of 500 partitions: the index stays small, and all are found', async () => {
    const world = new World()
    const session = await world.writer('a', 'wide', 500)
    const largest = { index: 0 }
    for (let at = 0; at < 300; at++) {
      const offsets = Object.fromEntries(
        Array.from({ length: 500 }, (_, p) => [p, [at, at + 1] as const]),
      )
      await session.commit({ segment: segment(session.newSegmentId(), offsets) })
      largest.index = Math.max(largest.index, world.text('wide/index').length)
    }

    const entries = await collect(segmentEntries(world.memory, session.index))
    expect(entries.map(({ offsets }) => offsets[499]?.[0])).toEqual(
      Array.from({ length: 300 }, (_, at) => at),
    )
    expect(largest.index).toBeLessThan(256 * 1024)
    expect(session.index.pages.length).toBeGreaterThan(15)
  })

  test('what is found and what is next do not change when entries move into pages', async () => {
    const { writer, ids, storage } = pageWriter()
    const next = [0, 0, 0]
    let index: Index = { ...empty, incarnations: [{ ...start, partitions: 3 }] }
    const all: SegmentEntry[] = []
    for (let at = 0; at < 700; at++) {
      // Partition 2 falls silent early: only pages know of it.
      const partition = at < 100 ? at % 3 : at % 2
      const from = next[partition] ?? 0
      next[partition] = from + 1 + (at % 7)
      const entry = segment(ids.next(), { [partition]: [from, next[partition] ?? 0] })
      all.push(entry)
      index = await rollPages({ ...index, segments: [...index.segments, entry] }, writer)
    }

    expect(index.pages).toHaveLength(4)
    expect(await collect(segmentEntries(storage, index))).toEqual(all)
    expect(await nextOffsets(storage, index, 0)).toEqual(new Map(next.entries()))
    expect(summarizeHoldings(index)).toMatchObject({
      segments: 700,
      records: next.reduce((sum, offset) => sum + offset, 0),
      ids: [all[0]?.id, all.at(-1)?.id],
    })
  })

  test('a page holds segments of one incarnation, and only the next offsets of that one', async () => {
    const { writer, ids, storage } = pageWriter()
    const entries = Array.from({ length: 257 }, (_, at) =>
      at < 50
        ? segment(ids.next(), { 0: [at, at + 1] }, 0)
        : segment(ids.next(), { 0: [at + 1000, at + 1001] }, 1),
    )
    const index = await rollPages(
      {
        ...empty,
        incarnations: [start, { ...start, n: 1, start: { 0: 1050 } }],
        segments: entries,
      },
      writer,
    )
    const pages = await Promise.all(index.pages.map((page) => readPage(storage, 'orders', page)))

    expect(pages.map((page) => [page.in, page.segments.length, page.next])).toEqual([
      [0, 50, { 0: 50 }],
    ])
    expect(await nextOffsets(storage, index, 0)).toEqual(new Map([[0, 50]]))
    expect(await nextOffsets(storage, index, 1)).toEqual(new Map([[0, 1257]]))
  })

  test('too many pages move into one of level 2, oldest first', async () => {
    const tools = pageWriter()
    const full = await indexOfPages(summaryLimit, tools)
    expect(await rollPages(full, tools.writer)).toEqual(full)

    const more = await indexOfPages(summaryLimit + 1, tools)
    const rolled = await rollPages(more, tools.writer)

    const left = summaryLimit + 1 - pageSummaries
    expect(rolled.pages.map(({ level }) => level)).toEqual([2, ...Array<number>(left).fill(1)])
    expect(rolled.pages[0]).toMatchObject({
      segments: pageSummaries,
      records: pageSummaries,
      ids: [more.pages[0]?.ids[0], more.pages[pageSummaries - 1]?.ids[0]],
      pages: [more.pages[0]?.id, more.pages[pageSummaries - 1]?.id],
    })
    const found = await collect(segmentEntries(tools.storage, rolled))
    expect(found.map(({ offsets }) => offsets[0]?.[0])).toEqual([...Array(summaryLimit + 1).keys()])
    expect(await nextOffsets(tools.storage, rolled, 0)).toEqual(new Map([[0, summaryLimit + 1]]))
  })

  test('levels grow as they must: all is found in its order, and no level has more than its limit', async () => {
    const tools = pageWriter()
    const count = 2_000
    const full = await indexOfPages(count, tools)
    const rolled = await rollPages(full, tools.writer)

    const perLevel = Map.groupBy(rolled.pages, ({ level }) => level)
    expect([...perLevel.keys()]).toEqual([3, 2, 1])
    for (const pages of perLevel.values()) expect(pages.length).toBeLessThanOrEqual(summaryLimit)
    const found = await collect(segmentEntries(tools.storage, rolled))
    expect(found.map(({ offsets }) => offsets[0]?.[0])).toEqual([...Array(count).keys()])
    expect(await nextOffsets(tools.storage, rolled, 0)).toEqual(new Map([[0, count]]))
    // The ids of all pages below a page of level 3, also of those of level 1.
    expect(rolled.pages[0]?.pages?.[0]).toBe(full.pages[0]?.id)
  })

  test('pages of several incarnations do not mix, and few of each stay as they are', async () => {
    const tools = pageWriter()
    const pages: Index['pages'][number][] = []
    for (let n = 0; n < 40; n++) {
      const segments = [segment(tools.ids.next(), { 0: [0, 1] }, n)]
      pages.push(await writePage(tools.writer, { in: n, next: { 0: 1 }, segments }))
    }
    const incarnations = pages.map((_, n) => ({ ...start, n }))
    const index = { ...empty, incarnations, pages }

    expect(await rollPages(index, tools.writer)).toEqual(index)
  })

  test('next offsets come from a page of level 2 when no other is there', async () => {
    const tools = pageWriter()
    const { pages } = await indexOfPages(200, tools)
    const level2 = await writePage(tools.writer, { in: 0, next: { 0: 200 }, pages })

    expect(
      await nextOffsets(tools.storage, { ...empty, incarnations: [start], pages: [level2] }, 0),
    ).toEqual(new Map([[0, 200]]))
  })

  test('a page that is damaged, missing or another one is reported with its name', async () => {
    const tools = pageWriter()
    const index = await indexOfPages(2, tools)
    const [first, second] = index.pages
    if (first === undefined || second === undefined) throw new Error('two pages were made')
    const key = `orders/${first.id}.page`
    const other = { ...first, digest: second.digest }

    await expect(readPage(tools.storage, 'orders', other)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      facts: { key, from: 0, to: first.bytes },
    })
    const missing = { ...first, id: tools.ids.next() }
    await expect(readPage(tools.storage, 'orders', missing)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      retry: 'after-refresh',
      facts: { key: `orders/${missing.id}.page` },
    })
  })

  test('an incarnation that the index does not have is a mistake of the caller', async () => {
    const { storage } = pageWriter()

    await expect(nextOffsets(storage, empty, 9)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  describe('the leader epoch of the last batch', () => {
    const epochsOf = async (storage: MemoryStorage, index: Index) =>
      Object.fromEntries((await readCoverage(storage, index, 0)).leaderEpochs)

    test('is known of a partition that only the oldest page names, through levels of pages and changed entries', async () => {
      const { writer, ids, storage } = pageWriter()
      const entry = (offsets: SegmentEntry['offsets']) => ({ ...segment(ids.next(), {}), offsets })
      const first = entry({ 0: [0, 1, 5], 1: [0, 10, 4], 2: [0, 3, -1] })
      const later = Array.from({ length: 4_000 }, (_, at) => entry({ 0: [at + 1, at + 2, 6] }))
      const incarnations = [{ ...start, partitions: 4 }]
      const index = { ...empty, incarnations, segments: [first, ...later] }
      const rolled = await rollPages(index, writer)
      expect(rolled.pages.map(({ level }) => level)).toContain(2)
      expect(await epochsOf(storage, rolled)).toEqual({ 0: 6, 1: 4 })

      const changed = await withChangedEntries(rolled, {
        ids: new Set([first.id, ...later.slice(0, 3_900).map(({ id }) => id)]),
        change: (one) => ({ ...one, state: 'deleted' }),
        since: '2026-11-23T07:00:00.000Z',
        writer,
      })
      expect(await epochsOf(storage, changed)).toEqual({ 0: 6, 1: 4 })
    })

    test('is not known where a gap is last', async () => {
      const { storage } = pageWriter()
      const segments = [{ ...segment(sampleIndex.commit, {}), offsets: { 0: [0, 10, 5] as const } }]
      const index = { ...empty, incarnations: [start], segments }
      expect(await epochsOf(storage, index)).toEqual({ 0: 5 })
      expect(await epochsOf(storage, { ...index, gaps: [gap(0, 10, 12)] })).toEqual({})
    })

    test('is not known of a partition that only a page of an older version names', async () => {
      const { writer, ids, storage } = pageWriter()
      const old = [{ ...segment(ids.next(), {}), offsets: { 1: [0, 10, 4] as const } }]
      const page = await writePage(writer, { in: 0, next: { 1: 10 }, segments: old })
      const segments = Array.from({ length: 300 }, (_, at) =>
        segment(ids.next(), { 0: [at, at + 1] }),
      )
      const index = {
        ...empty,
        incarnations: [{ ...start, partitions: 2 }],
        pages: [page],
        segments,
      }
      expect(await epochsOf(storage, index)).toEqual({ 0: 0 })
      const rolled = await rollPages(index, writer)
      expect(await epochsOf(storage, rolled)).toEqual({ 0: 0 })
      expect(await nextOffsets(storage, rolled, 0)).toEqual(
        new Map([
          [0, 300],
          [1, 10],
        ]),
      )
    })
  })

  test('rolling many entries into pages encodes each of them a few times, however many there are', async () => {
    const encodingsOf = async (count: number): Promise<number> => {
      const { writer, ids } = pageWriter()
      let reads = 0
      const segments = Array.from({ length: count }, (_, at) =>
        Object.defineProperty({ ...segment(ids.next(), { 0: [at, at + 1] }) }, 'flags', {
          enumerable: true,
          get: () => {
            reads++
            return []
          },
        }),
      )
      await rollPages({ ...empty, incarnations: [start], segments }, writer)
      return reads / count
    }
    expect(await encodingsOf(1_000)).toBeLessThan(4)
    expect(await encodingsOf(8_000)).toBeLessThan(4)
  })
})
