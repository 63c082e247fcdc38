import { supersededIncarnations } from '../index-file/baseline.ts'
import type { Incarnation, Index } from '../index-file/format/model.ts'

/**
 * Returns the numbers of the incarnations whose segments may expire at a time by the storage's
 * clock, milliseconds: those of topics with the cleanup policy `delete`, and those of compacted
 * topics that a complete baseline replaces, because it has the last record of every key.
 */
export function agingIncarnations(index: Index, atMs: number): ReadonlySet<number> {
  const superseded = supersededIncarnations(index, atMs)
  return new Set(
    index.incarnations
      .filter((incarnation) => superseded.has(incarnation.n) || isOnlyDeleted(incarnation))
      .map(({ n }) => n),
  )
}

/** Whether the cleanup policy is known and does not include compaction. */
function isOnlyDeleted({ effective, config }: Incarnation): boolean {
  const policy = effective['cleanup.policy'] ?? config['cleanup.policy']
  return policy !== undefined && !policy.includes('compact')
}
