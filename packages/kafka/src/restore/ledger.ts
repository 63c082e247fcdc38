import type { Damage } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import type { RecordChanges } from './records/record-stage.ts'
import type { RestoredPartition, RestoreProgress } from './restore-options.ts'

/** Counts the records of a topic that were acknowledged, and the damage that was left out. */
export class Ledger {
  readonly #onProgress: (progress: RestoreProgress) => void
  readonly #total: number
  readonly #startOffsets: ReadonlyMap<number, number>
  readonly #written = new Map<number, { records: number; bytes: number }>()
  readonly #damage = new Map<string, Damage>()
  #changes: RecordChanges = { headersDropped: 0, headersAdded: 0 }
  #records = 0
  #bytes = 0

  /**
   * `total`: the expected number of records. `startOffsets`: where the first record of each
   * restored partition lands. `onProgress` is called after every batch that the brokers
   * acknowledged.
   */
  constructor(
    total: number,
    startOffsets: ReadonlyMap<number, number>,
    onProgress: (progress: RestoreProgress) => void,
  ) {
    this.#onProgress = onProgress
    this.#total = total
    this.#startOffsets = startOffsets
  }

  get records(): number {
    return this.#records
  }

  /** Sums over all records that were read to be written. */
  get changes(): RecordChanges {
    return this.#changes
  }

  /** Damage in the order in which it was found, each once. */
  get damage(): readonly Damage[] {
    return [...this.#damage.values()]
  }

  get partitions(): readonly RestoredPartition[] {
    return Array.from(this.#startOffsets, ([partition, firstOffset]) => {
      const { records, bytes } = this.#written.get(partition) ?? { records: 0, bytes: 0 }
      return { partition, records, bytes, firstOffset, nextOffset: firstOffset + records }
    })
  }

  acknowledged(partition: number, records: number, bytes: number): void {
    const before = this.#written.get(partition) ?? { records: 0, bytes: 0 }
    this.#written.set(partition, {
      records: before.records + records,
      bytes: before.bytes + bytes,
    })
    this.#records += records
    this.#bytes += bytes
    const total = Math.max(this.#total, this.#records)
    this.#onProgress({ records: this.#records, bytes: this.#bytes, total })
  }

  changed({ headersDropped, headersAdded }: RecordChanges): void {
    this.#changes = {
      headersDropped: this.#changes.headersDropped + headersDropped,
      headersAdded: this.#changes.headersAdded + headersAdded,
    }
  }

  leftOut(damage: Damage): void {
    this.#damage.set(`${damage.key}\n${damage.from}\n${damage.to}\n${damage.reason}`, damage)
  }

  /** Returns `error` with what the target topic holds now. */
  explain(error: unknown, topic: string, signal: AbortSignal | undefined): unknown {
    const facts = { topic, restored: this.#records }
    const there =
      this.#records === 0
        ? `Nothing was written into topic "${topic}" yet.`
        : `Topic "${topic}" holds ${this.#records} records of about ${this.#total}: delete it before you restore again.`
    if (signal?.aborted === true && !KanneryError.is(error)) {
      const why = `topic "${topic}" holds ${this.#records} records of about ${this.#total}, and not its final configuration`
      const message = `the restore of topic "${topic}" was interrupted`
      return new KanneryError('INTERRUPTED', message, { why, remedy: there, facts, cause: error })
    }
    if (!KanneryError.is(error) || error.code === 'VERIFY_FAILED') return error
    const { remedy, advice } = error
    return error.with({
      remedy: `${remedy} ${there}`,
      advice: {
        id: 'restart-restore',
        first: { remedy, advice },
        topic,
        records: this.#records,
        expected: this.#total,
      },
      facts,
    })
  }
}
