import type { CoveredRange } from './format/model.ts'

/**
 * The offsets at which the histories of a partition's leaders end. Leader epochs never decrease
 * along a log: a leader of a later epoch had no batch of an earlier epoch after its own.
 */
export class EpochEnds {
  /** The latest epochs first; `end` is the least of all up to here. */
  readonly #ends: { readonly leaderEpoch: number; readonly end: number }[] = []

  /**
   * Computes the ends.
   *
   * @param ranges ranges that a log may have had, in any order. Empty ranges are ignored.
   */
  constructor(ranges: readonly CoveredRange[]) {
    let end = Number.POSITIVE_INFINITY
    for (const [from, next, leaderEpoch] of ranges.toSorted((one, other) => other[2] - one[2])) {
      if (from === next) continue
      end = Math.min(end, next)
      if (this.#ends.at(-1)?.leaderEpoch === leaderEpoch) this.#ends.pop()
      this.#ends.push({ leaderEpoch, end })
    }
  }

  /**
   * Returns the part of `range` that may be history; undefined for none. Where the range is cut,
   * its leader epoch is unknown.
   */
  within(range: CoveredRange): CoveredRange | undefined {
    const [from, next, leaderEpoch] = range
    const end = this.#endOf(leaderEpoch)
    if (next <= end) return range
    return from < end ? [from, end, -1] : undefined
  }

  #endOf(leaderEpoch: number): number {
    if (leaderEpoch < 0) return Number.POSITIVE_INFINITY
    const later = this.#ends.findLast((one) => one.leaderEpoch > leaderEpoch)
    return later?.end ?? Number.POSITIVE_INFINITY
  }
}
