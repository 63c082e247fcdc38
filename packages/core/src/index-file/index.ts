export { chooseIncarnation, restorableIncarnation } from './baseline.ts'
export {
  currentIncarnation,
  type NextOffsets,
  nextOffsets,
} from './coverage.ts'
export { copyIsNotEdited, editIndex } from './edit-index.ts'
export { encodeIndex, encodePage, parseIndex } from './format/index-document.ts'
export type {
  Baseline,
  CopyOrigin,
  CoveredRange,
  Gap,
  GarbageEntry,
  Holdings,
  Incarnation,
  Index,
  JsonObject,
  JsonValue,
  Page,
  PageSummary,
  Requirements,
  SegmentEntry,
} from './format/model.ts'
export { holdingsOf, visibleRecords } from './pages/holdings.ts'
export { type SegmentFacts, summarizeHoldings } from './pages/page-summary.ts'
export { readPage, segmentEntries } from './pages/pages.ts'
export { readIndex, type StoredIndex } from './read-index.ts'
export { requireIndex } from './require-index.ts'
export type { TailLimits } from './roll.ts'
