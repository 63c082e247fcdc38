import { rangesOf } from '../index-file/coverage.ts'
import type { SegmentEntry } from '../index-file/format/model.ts'
import type { Ulid } from '../ulid/ulid.ts'

interface Turn {
  readonly id: Ulid
  readonly from: number
}

/** Determines which entry comes next in each partition, by the offsets that entries cover. */
export class Turns {
  /** Queues by partition. The last element of a queue is next. */
  readonly #queues = new Map<number, Turn[]>()

  constructor(entries: readonly SegmentEntry[]) {
    for (const entry of entries) {
      for (const [partition, [from]] of rangesOf(entry)) {
        const queue = this.#queues.get(partition) ?? []
        this.#queues.set(partition, queue)
        queue.push({ id: entry.id, from })
      }
    }
    for (const queue of this.#queues.values()) queue.sort((one, other) => other.from - one.from)
  }

  /** Whether an entry is next in all of its partitions. */
  isNext(entry: SegmentEntry): boolean {
    return rangesOf(entry).every(([partition]) => this.#isNextIn(partition, entry.id))
  }

  /** Removes an entry that is next from the queues. */
  leave(entry: SegmentEntry): void {
    for (const [partition] of rangesOf(entry)) this.#queues.get(partition)?.pop()
  }

  /**
   * Returns the entry with only those ranges that are next, and removes all its ranges from the
   * queues.
   */
  giveUp(entry: SegmentEntry): SegmentEntry {
    const kept = rangesOf(entry).filter(([partition]) => this.#isNextIn(partition, entry.id))
    const partitions = new Set(kept.map(([partition]) => partition))
    for (const [partition, queue] of this.#queues) {
      if (partitions.has(partition)) continue
      this.#queues.set(
        partition,
        queue.filter(({ id }) => id !== entry.id),
      )
    }
    return { ...entry, offsets: Object.fromEntries(kept) }
  }

  #isNextIn(partition: number, id: Ulid): boolean {
    return this.#queues.get(partition)?.at(-1)?.id === id
  }
}
