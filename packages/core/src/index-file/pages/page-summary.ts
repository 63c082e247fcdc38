import { combineTimes, type KnownTimes } from '../../segment/format/record-times.ts'
import type { Ulid } from '../../ulid/ulid.ts'
import type { Index, PageSummary, SegmentEntry } from '../format/model.ts'
import { addHoldings, holdingsOfEntry, holdingsOfPage } from './holdings.ts'

/** Sums and ranges over some segments, as a {@link PageSummary} has them for its page. */
export type SegmentFacts = Pick<
  PageSummary,
  | 'segments'
  | 'records'
  | 'segmentBytes'
  | 'restorable'
  | 'ids'
  | keyof KnownTimes
  | 'captured'
  | 'expires'
>

/**
 * Summarizes segments.
 *
 * @throws TypeError without any
 */
export function summarizeSegments(entries: readonly SegmentEntry[]): SegmentFacts {
  return combine(entries.map(factsOf))
}

/**
 * Summarizes the segments of pages, and the ids of the pages at any depth.
 *
 * @throws TypeError without any
 */
export function summarizePages(
  pages: readonly PageSummary[],
): SegmentFacts & Pick<PageSummary, 'pages'> {
  const ids = pages.flatMap(({ id, pages: inner = [] }) => [id, ...inner])
  return { ...combine(pages), pages: [least(ids), greatest(ids)] }
}

/**
 * Summarizes all segments that the index names, of all incarnations and in any state, without
 * reading a page; undefined when it names none.
 */
export function summarizeHoldings(index: Index): SegmentFacts | undefined {
  const facts = [...index.pages, ...index.segments.map(factsOf)]
  return facts.length === 0 ? undefined : combine(facts)
}

function factsOf(entry: SegmentEntry): SegmentFacts {
  const { id, records, bytes, captured, state } = entry
  // What is deleted does not expire any more: a page of which all is deleted is not read for it
  // again.
  const expires = state === 'deleted' ? null : entry.expires
  return {
    segments: 1,
    records,
    segmentBytes: bytes,
    restorable: holdingsOfEntry(entry),
    ids: [id, id],
    ...combineTimes([entry]),
    captured,
    expires: expires === null ? null : [expires, expires],
  }
}

function combine(facts: readonly SegmentFacts[]): SegmentFacts {
  const expires = facts.flatMap((fact) => (fact.expires === null ? [] : [fact.expires]))
  return {
    segments: sum(facts.map(({ segments }) => segments)),
    records: sum(facts.map(({ records }) => records)),
    segmentBytes: sum(facts.map(({ segmentBytes }) => segmentBytes)),
    restorable: addHoldings(facts.map(holdingsOfPage)),
    ids: [least(facts.map(({ ids }) => ids[0])), greatest(facts.map(({ ids }) => ids[1]))],
    ...combineTimes(facts),
    captured: [
      least(facts.map(({ captured }) => captured[0])),
      greatest(facts.map(({ captured }) => captured[1])),
    ],
    expires:
      expires.length === 0
        ? null
        : [least(expires.map(([first]) => first)), greatest(expires.map(([, last]) => last))],
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function least<T extends Ulid | string | number>(values: readonly T[]): T {
  return values.reduce((found, value) => (compare(value, found) < 0 ? value : found))
}

function greatest<T extends Ulid | string | number>(values: readonly T[]): T {
  return values.reduce((found, value) => (compare(value, found) > 0 ? value : found))
}

function compare<T extends string | number>(first: T, second: T): number {
  if (first === second) return 0
  return first < second ? -1 : 1
}
