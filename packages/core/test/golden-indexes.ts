import { encodeIndex, encodePage } from '../src/index-file/format/index-document.ts'
import type { Index, Page } from '../src/index-file/format/model.ts'
import type { Ulid } from '../src/ulid/ulid.ts'
import { sampleIndex, samplePage } from './sample-index.ts'

export interface GoldenIndex {
  /**
   * Of the files in `golden/`: this one and, beside it, what it says, with `.json` as its ending.
   */
  readonly name: string
  readonly bytes: Uint8Array
  readonly content: Index | Page
}

const { edited: _edited, ...withoutEdits } = sampleIndex

/** As its first writer leaves it. */
const newIndex: Index = {
  ...withoutEdits,
  epoch: 1,
  committed: 1,
  retention: {},
  points: [],
  holds: [],
  garbage: [],
  pages: [],
  segments: [],
  gaps: [],
}

/** With what a later version may add, everywhere. */
const laterIndex: Index = {
  ...sampleIndex,
  requires: { read: [], write: ['shelves'] },
  retention: { ...sampleIndex.retention, shelf: 'upper' },
  incarnations: sampleIndex.incarnations.map((incarnation) => ({ ...incarnation, shelf: [1, 2] })),
  segments: sampleIndex.segments.map((segment) => ({
    ...segment,
    shelf: { "it's": 'ümläut \u2028 "' },
  })),
  extra: { shelves: [{ name: 'upper' }], shelfLife: 9007199254740991 },
}

/** Of a compacted topic, while a baseline is being read. */
const baselineIndex: Index = {
  ...newIndex,
  incarnations: newIndex.incarnations.flatMap((incarnation) => [
    incarnation,
    { ...incarnation, n: 1, baseline: { of: 0, pending: [1, 3], complete: null } },
  ]),
}

const level2: Page = {
  ...samplePage,
  page: '01JDC8H9V0000000000000000H' as Ulid,
  level: 2,
  segments: [],
  pages: sampleIndex.pages,
}

/** As it is written since pages know the leader epochs. */
const pageWithEpochs: Page = {
  ...samplePage,
  page: '01JDC8H9V0000000000000000J' as Ulid,
  next: { 0: 200, 1: 500 },
  leaderEpochs: { 0: -1, 1: 3 },
}

export const goldenIndexes: readonly GoldenIndex[] = [
  {
    name: 'index-new.index',
    bytes: encodeIndex(newIndex),
    content: newIndex,
  },
  { name: 'index-full.index', bytes: encodeIndex(sampleIndex), content: sampleIndex },
  { name: 'index-later.index', bytes: encodeIndex(laterIndex), content: laterIndex },
  { name: 'index-baseline.index', bytes: encodeIndex(baselineIndex), content: baselineIndex },
  { name: 'index-page.page', bytes: encodePage(samplePage), content: samplePage },
  {
    name: 'index-page-with-epochs.page',
    bytes: encodePage(pageWithEpochs),
    content: pageWithEpochs,
  },
  { name: 'index-page-of-pages.page', bytes: encodePage(level2), content: level2 },
]

/** The fields as they stand in the file, `end` aside. */
export function goldenFields({ content }: GoldenIndex): Record<string, unknown> {
  const { extra, ...known } = content
  return { ...known, ...extra }
}

export function besideIt(name: string): string {
  return name.replace(/\.[a-z]+$/, '.json')
}
