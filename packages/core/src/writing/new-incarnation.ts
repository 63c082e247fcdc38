import { KanneryError } from '@kannery/storage'
import { currentIncarnation, type NextOffsets } from '../index-file/coverage.ts'
import type { Baseline, Incarnation, Index } from '../index-file/format/model.ts'

/** An incarnation to begin: the topic as it is now. */
export type NewIncarnation = Pick<
  Incarnation,
  'topicId' | 'partitions' | 'start' | 'config' | 'effective' | 'replicationFactor'
> & {
  /**
   * Whether this is a baseline: the same compacted topic, by its id, read again from its start. It
   * replaces the incarnation before it once all partitions have caught up: see
   * `CommitChange.caughtUp`.
   */
  readonly isBaseline?: boolean | undefined
}

/** Returns the index with one more incarnation, which began at `since`. */
export function withIncarnation(index: Index, added: NewIncarnation, since: string): Index {
  const last = currentIncarnation(index)
  const { topicId, partitions, start, isBaseline = false, ...settings } = added
  const before = last?.topicId === topicId ? last : undefined
  const n = last === undefined ? 0 : last.n + 1
  const branch = before === undefined ? 0 : before.branch + (isBaseline ? 0 : 1)
  const baseline = isBaseline ? baselineOf(before, index.topic, partitions) : null
  const incarnation = { n, topicId, branch, since, partitions, start, baseline, ...settings }
  return { ...index, incarnations: [...index.incarnations, incarnation] }
}

function baselineOf(before: Incarnation | undefined, topic: string, partitions: number): Baseline {
  if (before === undefined) {
    throw new KanneryError(
      'INTERNAL',
      `a commit to topic "${topic}" does not continue its backup`,
      {
        why: 'a baseline is of the topic that it stands for',
        facts: { topic },
      },
    )
  }
  const pending = Array.from({ length: partitions }, (_, partition) => partition)
  return { of: before.n, pending, complete: null }
}

/** Returns the first offset of each partition of an incarnation; empty without one. */
export function startOf(incarnation: Incarnation | undefined): NextOffsets {
  const partitions = Array.from({ length: incarnation?.partitions ?? 0 }, (_, p) => p)
  return new Map(partitions.map((partition) => [partition, incarnation?.start[partition] ?? 0]))
}
