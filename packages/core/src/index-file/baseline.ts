import { currentIncarnation } from './coverage.ts'
import type { Incarnation, Index } from './model.ts'

/**
 * The life of the topic that a restore takes: the latest, or, while that is a baseline which is not complete, the one that it is
 * to stand for. undefined before the first incarnation was begun.
 */
export function restorableIncarnation(index: Pick<Index, 'incarnations'>): Incarnation | undefined {
  let found = currentIncarnation(index)
  while (found?.baseline?.complete === null) {
    const { of } = found.baseline
    found = index.incarnations.find(({ n }) => n === of)
  }
  return found
}

/** Numbers of the incarnations for which a baseline stands that was complete at a time by the storage's clock, milliseconds. */
export function supersededIncarnations(index: Index, atMs: number): ReadonlySet<number> {
  const superseded = new Set<number>()
  for (const { n, baseline } of index.incarnations.toReversed()) {
    if (baseline === null) continue
    const isComplete = baseline.complete !== null && Date.parse(baseline.complete) <= atMs
    // What stands for a baseline stands for all before it, too, even if that was never complete.
    if (isComplete || superseded.has(n)) superseded.add(baseline.of)
  }
  return superseded
}

/** `incarnation`, if it is a baseline, with less to wait for; complete with the last of it. `at` is ISO 8601, by the storage's clock. */
export function withCaughtUp(
  incarnation: Incarnation,
  partitions: readonly number[],
  at: string,
): Incarnation {
  const { baseline } = incarnation
  if (baseline === null || baseline.pending.length === 0) return incarnation
  const pending = baseline.pending.filter((partition) => !partitions.includes(partition))
  const complete = pending.length === 0 ? at : null
  return { ...incarnation, baseline: { ...baseline, pending, complete } }
}
