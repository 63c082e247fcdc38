import { KanneryError, type ObjectKey } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import {
  type Index,
  readIndex,
  type SegmentEntry,
  segmentEntries,
  type Ulid,
} from '../../src/index.ts'
import type { KafkaModel } from './kafka-model.ts'
import { keys, topic } from './steps.ts'

/** A segment that was uploaded, or will be. */
export interface Uploaded {
  readonly id: Ulid
  readonly epoch: number
  readonly from: number
  /** As they were fetched. */
  readonly records: readonly number[]
}

export interface LedgerOptions {
  readonly memory: MemoryStorage
  readonly kafka: KafkaModel
  /** The storage's clock, milliseconds. */
  readonly now: () => number
  readonly retentionMs: number
  readonly graceMs: number
}

/** What writers were promised, held against what lies in the storage. */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #named = new Set<Ulid>()
  readonly #acknowledged = new Set<Ulid>()
  readonly #uploaded = new Map<Ulid, Uploaded & { readonly atMs: number }>()
  #complaint: string | undefined
  #epoch = 0
  readonly #acquired = new Set<number>()
  #generation = 0

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** Grows when a person deletes the whole backup: what was promised before is void. */
  get generation(): number {
    return this.#generation
  }

  upload(segment: Uploaded): void {
    this.#uploaded.set(segment.id, { ...segment, atMs: this.#options.now() })
  }

  /**
   * What the storage took. An index names a segment first under the epoch of who uploaded it, or under a later one that may adopt
   * it: Kafka had just these records in the end, and has not all of them any more.
   */
  stored(key: ObjectKey, body: Uint8Array): void {
    if (key !== keys.index) return
    const text = Buffer.from(body).toString()
    const epoch = Number(/^epoch: (\d+)$/m.exec(text)?.[1])
    for (const { id, epoch: own, from, records } of this.#uploaded.values()) {
      if (this.#named.has(id) || !text.includes(`{"id":"${id}","in"`)) continue
      this.#named.add(id)
      if (own === epoch) continue
      const why = this.#options.kafka.whyNotAdoptable(from, records)
      if (why !== undefined) {
        this.#complaint ??= `${id} of epoch ${own} was adopted under ${epoch}: ${why}`
      }
    }
  }

  /** What process `name` deleted: of leases, only its own. */
  deleted(name: string, key: ObjectKey, body: Uint8Array): void {
    if (key !== keys.lease) return
    const { holder } = JSON.parse(Buffer.from(body).toString()) as { readonly holder: string }
    if (holder !== `"${name}"`) this.#complaint ??= `${name} deleted the lease of ${holder}`
  }

  acknowledge(generation: number, id: Ulid): void {
    if (generation === this.#generation) this.#acknowledged.add(id)
  }

  /** No epoch is given twice; who was slow may hear of its own when a later one is given already. */
  acquire(generation: number, epoch: number): void {
    if (generation !== this.#generation) return
    if (this.#acquired.has(epoch)) this.#complaint ??= `epoch ${epoch} was given twice`
    this.#acquired.add(epoch)
  }

  forget(): void {
    this.#generation++
    this.#acquired.clear()
    this.#acknowledged.clear()
    this.#epoch = 0
  }

  /**
   * The first promise that is not kept. An index that a person deleted promises nothing until it is back; and neither does one that
   * nobody wrote to, which a late request put in its place.
   */
  async violation(): Promise<string | undefined> {
    if (this.#complaint !== undefined) return this.#complaint
    const index = await this.#readIndex()
    if (index === undefined) return this.#complaint
    if (index.incarnations.length === 0 && this.#acknowledged.size > 0) return undefined
    if (index.epoch < this.#epoch) return `the epoch fell from ${this.#epoch} to ${index.epoch}`
    this.#epoch = index.epoch
    const entries: SegmentEntry[] = []
    for await (const entry of segmentEntries(this.#options.memory, index)) entries.push(entry)
    const named = new Set(entries.map(({ id }) => id))
    const lost = [...this.#acknowledged].find((id) => !named.has(id))
    if (lost !== undefined) return `${lost} was acknowledged and is not named any more`
    return brokenCoverage(index, entries) ?? this.#brokenRetention(entries)
  }

  async #readIndex(): Promise<Index | undefined> {
    try {
      return (await readIndex(this.#options.memory, topic))?.index
    } catch (error) {
      if (KanneryError.is(error)) this.#complaint = `${error.message}: ${error.why}`
      return undefined
    }
  }

  #brokenRetention(entries: readonly SegmentEntry[]): string | undefined {
    const { memory, now, retentionMs, graceMs } = this.#options
    const contents = memory.contents()
    for (const { id, state, expiredAt } of entries) {
      const markedMs = Date.parse(expiredAt ?? '')
      // Its commit came after its upload.
      const uploadedMs = this.#uploaded.get(id)?.atMs ?? 0
      if (state !== undefined && markedMs < uploadedMs + retentionMs) {
        return `${id} expired too early`
      }
      const mayBeGone = state !== undefined && markedMs + graceMs <= now()
      if (this.#acknowledged.has(id) && !contents.has(keys.segment(id)) && !mayBeGone) {
        return `the object of ${id} is gone`
      }
    }
    return undefined
  }
}

/** Each offset is covered once, by a segment or by a gap, from the first on. */
function brokenCoverage(index: Index, entries: readonly SegmentEntry[]): string | undefined {
  const covered = [
    ...entries.flatMap(({ id, offsets }) => (offsets[0] ? [{ id, range: offsets[0] }] : [])),
    ...index.gaps.map(({ offsets }) => ({ id: 'a gap', range: offsets })),
  ].toSorted((one, other) => one.range[0] - other.range[0])
  let next = 0
  for (const { id, range } of covered) {
    if (range[0] !== next) return `${id} continues at ${range[0]}, not at ${next}`
    next = range[1]
  }
  return undefined
}
