import { KanneryError } from '@kannery/storage'
import { currentIncarnation } from './coverage.ts'
import type { Incarnation, Index } from './format/model.ts'

/**
 * Returns the incarnation that a restore takes: the latest one, or, while that is an incomplete
 * baseline, the one that it replaces. undefined before the first incarnation.
 */
export function restorableIncarnation(index: Pick<Index, 'incarnations'>): Incarnation | undefined {
  let found = currentIncarnation(index)
  while (found?.baseline?.complete === null) {
    const { of } = found.baseline
    found = index.incarnations.find(({ n }) => n === of)
  }
  return found
}

/**
 * Returns incarnation `n`, which defaults to {@link restorableIncarnation}. undefined before the
 * first incarnation.
 *
 * @throws CONFIG_INVALID when the backup has no incarnation `n`
 */
export function chooseIncarnation(
  index: Pick<Index, 'topic' | 'incarnations'>,
  n?: number,
): Incarnation | undefined {
  if (n === undefined) return restorableIncarnation(index)
  const found = index.incarnations.find((incarnation) => incarnation.n === n)
  if (found !== undefined) return found
  const numbers = index.incarnations.map((incarnation) => incarnation.n)
  throw new KanneryError(
    'CONFIG_INVALID',
    `the backup of topic "${index.topic}" has no incarnation ${n}`,
    {
      why: `it has ${numbers.length === 0 ? 'none yet' : numbers.join(', ')}`,
      remedy:
        'Choose an existing incarnation, or leave the number out to take the latest complete one.',
      facts: { topic: index.topic, incarnation: n },
    },
  )
}

/**
 * Returns the numbers of the incarnations that a baseline replaced before a time by the storage's
 * clock, milliseconds.
 */
export function supersededIncarnations(index: Index, atMs: number): ReadonlySet<number> {
  const superseded = new Set<number>()
  for (const { n, baseline } of index.incarnations.toReversed()) {
    if (baseline === null) continue
    const isComplete = baseline.complete !== null && Date.parse(baseline.complete) <= atMs
    // A baseline that replaces another one replaces all before that, too, even if that was never
    // complete.
    if (isComplete || superseded.has(n)) superseded.add(baseline.of)
  }
  return superseded
}

/**
 * Returns the incarnation with partitions that have caught up, which completes a baseline when no
 * partition is left. `at` is ISO 8601, by the storage's clock.
 */
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
