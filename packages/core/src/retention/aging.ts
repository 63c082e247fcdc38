import { supersededIncarnations } from '../index-file/baseline.ts'
import type { Incarnation, Index } from '../index-file/format/model.ts'

/**
 * Numbers of the incarnations whose segments may go once their time has come, as of a time by the
 * storage's clock, milliseconds: of topics that Kafka itself lets age, and of compacted ones where
 * a complete baseline has the last record of every key.
 */
export function agingIncarnations(index: Index, atMs: number): ReadonlySet<number> {
  const superseded = supersededIncarnations(index, atMs)
  return new Set(
    index.incarnations
      .filter((incarnation) => superseded.has(incarnation.n) || isOnlyDeleted(incarnation))
      .map(({ n }) => n),
  )
}

/** Not where the policy is not known. */
function isOnlyDeleted({ effective, config }: Incarnation): boolean {
  const policy = effective['cleanup.policy'] ?? config['cleanup.policy']
  return policy !== undefined && !policy.includes('compact')
}
