import { KanneryError } from '@kannery/storage'
import { type ChunkFlags, flagsOf } from './format/chunk-header.ts'
import type { ChunkFacts } from './format/encode-chunk.ts'
import type { Coverage } from './format/footer.ts'

const flagNames = Object.keys(flagsOf(0)) as (keyof ChunkFlags)[]

/** Adds up the facts of a segment's chunks. */
export class Summary {
  readonly #coverage = new Map<number, Coverage>()
  readonly #flags = new Set<string>()
  #records = 0
  #captured: readonly [number, number] | null = null
  #maxBatchBytes = 0

  /**
   * Adds a chunk.
   *
   * @throws INTERNAL for a chunk that precedes or overlaps one of the same partition
   */
  add(facts: ChunkFacts): void {
    if (facts.partition >= 0) this.#cover(facts)
    const { fetchedAt } = facts
    const [least, greatest] = this.#captured ?? [fetchedAt, fetchedAt]
    this.#captured = [Math.min(least, fetchedAt), Math.max(greatest, fetchedAt)]
    this.#records += facts.kind === 'batches' ? facts.records - facts.controlBatches : 0
    this.#maxBatchBytes = Math.max(this.#maxBatchBytes, facts.maxBatchBytes)
    for (const name of flagNames) {
      if (facts.flags[name] === true && name !== 'critical') this.#flags.add(name)
    }
  }

  /** Covered offsets by partition, in ascending order. */
  get coverage(): Record<number, Coverage> {
    return Object.fromEntries(this.#coverage)
  }

  get records(): number {
    return this.#records
  }

  get captured(): readonly [number, number] | null {
    return this.#captured
  }

  get maxBatchBytes(): number {
    return this.#maxBatchBytes
  }

  get flags(): readonly string[] {
    return [...this.#flags].sort()
  }

  #cover({ partition, from, next, leaderEpoch }: ChunkFacts): void {
    const before = this.#coverage.get(partition)
    if (before !== undefined && from < before[1]) {
      throw new KanneryError('INTERNAL', 'a chunk does not follow the one before it', {
        facts: { partition, from, covered: before[1] },
      })
    }
    this.#coverage.set(partition, [before?.[0] ?? from, next, leaderEpoch])
  }
}
