/** `value` null: a tombstone. */
export interface KeyedRecord {
  readonly offset: number
  readonly key: string
  readonly value: number | null
}

/** One partition of a compacted topic: what it has now, and all that it ever had. */
export class CompactedTopic {
  readonly history: KeyedRecord[] = []
  #log: readonly KeyedRecord[] = []

  get end(): number {
    return this.history.length
  }

  produce(key: string, value: number | null): void {
    const record = { offset: this.end, key, value }
    this.history.push(record)
    this.#log = [...this.#log, record]
  }

  /** What a fetch from `from` brings, at most up to `next`: what compaction left there. */
  read(from: number, next: number): readonly KeyedRecord[] {
    return this.#log.filter(({ offset }) => from <= offset && offset < next)
  }

  /**
   * Leaves the last record of each key; of tombstones only those from `keptTombstones` on (Kafka:
   * delete.retention.ms).
   */
  compact(keptTombstones: number): void {
    const last = new Map(this.#log.map((record) => [record.key, record]))
    this.#log = this.#log.filter(
      (record) =>
        last.get(record.key) === record &&
        (record.value !== null || record.offset >= keptTombstones),
    )
  }
}
