import type { RecoverySource } from '../../src/recovery/adoption.ts'

/**
 * One partition at its source: it grows, old records expire, and an election may truncate records
 * that no writer committed.
 */
export class KafkaModel {
  /**
   * By offset: the leader epoch under which the record that is there now, or was last, was written.
   */
  readonly #epochs: number[] = []
  #epoch = 0
  #start = 0

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#epochs.length
  }

  append(records: number): void {
    for (let count = 0; count < records; count++) this.#epochs.push(this.#epoch)
  }

  /** The oldest records go, up to `start`. */
  expire(start: number): void {
    this.#start = Math.max(this.#start, Math.min(start, this.end))
  }

  /** Another leader, which does not know what came at or after `end`. */
  truncate(end: number): void {
    this.#epochs.length = Math.min(this.end, Math.max(end, this.#start))
    this.#epoch++
  }

  /** What a consumer gets: the epochs stand for the records. */
  fetch(from: number, count: number): readonly number[] {
    return this.#epochs.slice(from, from + count)
  }

  /**
   * Why a segment of these records may not be taken from who did not commit it; undefined: it may.
   */
  whyNotAdoptable(from: number, records: readonly number[]): string | undefined {
    const isHistory = records.every((epoch, at) => this.#epochs[from + at] === epoch)
    if (!isHistory) return 'it is not what Kafka had in the end'
    return from < this.#start ? undefined : 'Kafka still has all of it'
  }

  get source(): RecoverySource {
    return {
      topicId: 'topic-id',
      canServe: async ({ from }) => from >= this.#start,
      agrees: async ({ next, leaderEpoch }) => this.#epochs[next - 1] === leaderEpoch,
    }
  }
}
