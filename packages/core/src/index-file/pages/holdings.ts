import type { Holdings, Index, PageSummary, SegmentEntry } from '../format/model.ts'

const nothing: Holdings = {
  segments: 0,
  bytes: 0,
  records: 0,
  visible: 0,
  exact: true,
  expired: 0,
}

/** Sums up what a restore of incarnation `n` reads. Needs only the index: no page is read. */
export function holdingsOf(index: Pick<Index, 'pages' | 'segments'>, n: number): Holdings {
  const isOfIt = (part: { readonly in: number }): boolean => part.in === n
  return addHoldings([
    ...index.pages.filter(isOfIt).map(holdingsOfPage),
    ...index.segments.filter(isOfIt).map(holdingsOfEntry),
  ])
}

/** Returns how many records of a segment a consumer sees; null: not known. */
export function visibleRecords({
  records,
  visible,
  flags,
}: Pick<SegmentEntry, 'records' | 'visible' | 'flags'>): number | null {
  if (visible !== undefined) return visible
  // Only batches of transactions can be aborted.
  return flags.includes('transactional') ? null : records
}

/** Sums up what a restore reads of one segment. */
export function holdingsOfEntry(entry: SegmentEntry): Holdings {
  const { state, bytes, records } = entry
  if (state !== undefined) return { ...nothing, expired: state === 'expired' ? 1 : 0 }
  const visible = visibleRecords(entry)
  return {
    ...nothing,
    segments: 1,
    bytes,
    records,
    visible: visible ?? records,
    exact: visible !== null,
  }
}

/**
 * Sums up what a restore reads of a page. A summary without `restorable` does not say what has
 * expired: all of it is counted, as an upper bound.
 */
export function holdingsOfPage({
  restorable,
  segments,
  records,
  segmentBytes,
}: Pick<PageSummary, 'restorable' | 'segments' | 'records' | 'segmentBytes'>): Holdings {
  if (restorable !== undefined) return restorable
  return { ...nothing, segments, records, bytes: segmentBytes, visible: records, exact: false }
}

/** Adds up holdings. */
export function addHoldings(parts: readonly Holdings[]): Holdings {
  return parts.reduce(
    (sum, part) => ({
      segments: sum.segments + part.segments,
      bytes: sum.bytes + part.bytes,
      records: sum.records + part.records,
      visible: sum.visible + part.visible,
      exact: sum.exact && part.exact,
      expired: sum.expired + part.expired,
    }),
    nothing,
  )
}
