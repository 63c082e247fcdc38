import { rangesOf } from '../index-file/coverage.ts'
import type { SegmentEntry } from '../index-file/format/model.ts'
import type { Ulid } from '../ulid/ulid.ts'

interface Turn {
  readonly id: Ulid
  readonly from: number
}

/** Whose turn it is in each partition, by the offsets that entries cover there. */
export class Turns {
  /** By partition. The last one in a queue is next. */
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

  /** In all of its partitions. */
  isNext(entry: SegmentEntry): boolean {
    return rangesOf(entry).every(([partition]) => this.#isNextIn(partition, entry.id))
  }

  /** Its turn has come, and is over. */
  leave(entry: SegmentEntry): void {
    for (const [partition] of rangesOf(entry)) this.#queues.get(partition)?.pop()
  }

  /** The entry with only those ranges whose turn it is. It waits for no other turn any more. */
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
