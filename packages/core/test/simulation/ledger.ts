import { KanneryError, type ObjectKey } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import type { SegmentEntry } from '../../src/index-file/format/model.ts'
import { namedObject } from '../../src/layout/keys.ts'
import type { Ulid } from '../../src/ulid/ulid.ts'
import { brokenCoverage } from './coverage.ts'
import type { KafkaModel } from './kafka-model.ts'
import { type NamedState, namedStateOf } from './named-state.ts'
import { Promises } from './promises.ts'
import { keys, type Phase } from './steps.ts'

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

/**
 * What a person did to the index, so that it does not say any more what it said before. `ruined`:
 * the folder was deleted while it was worked in, and what the index names is gone. Only a rebuild
 * or another backup ends that.
 */
export type Tampering = 'removed' | 'edited' | 'older' | 'ruined'

/** What writers were promised, held against what lies in the storage. */
export class Ledger {
  readonly promises: Promises = new Promises()
  readonly #options: LedgerOptions
  readonly #named = new Set<Ulid>()
  readonly #acknowledged = new Set<Ulid>()
  readonly #uploaded = new Map<Ulid, Uploaded & { readonly atMs: number }>()
  readonly #acquired = new Set<number>()
  #complaint: string | undefined
  #epoch = 0
  #generation = 0
  #tampered: Tampering | undefined
  #tamperings = 0
  /** The garbage of the index that a person put there. */
  #garbageBefore: ReadonlySet<Ulid> = new Set()
  #lastWhole: Uint8Array | undefined

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** Grows when a person deletes the whole backup: what was promised before is void. */
  get generation(): number {
    return this.#generation
  }

  /** Another one whenever a person changed what only Kannery writes. */
  get era(): string {
    return `${this.#generation}.${this.#tamperings}`
  }

  get tampered(): Tampering | undefined {
    return this.#tampered
  }

  /**
   * A person changed the index: what it says counts again when it is back, accepted, or rebuilt.
   */
  tamper(kind: Tampering): void {
    this.#tampered = kind
    this.#tamperings++
    this.#acquired.clear()
    this.#epoch = 0
    this.#garbageBefore = new Set(this.#present()?.index.garbage.map(({ id }) => id))
  }

  /** The index says again what it said before. */
  mend(): void {
    this.#tampered = undefined
  }

  upload(segment: Uploaded): void {
    this.#uploaded.set(segment.id, { ...segment, atMs: this.#options.now() })
  }

  /** What is acknowledged, and still there as an object. */
  existing(): readonly Uploaded[] {
    const { memory } = this.#options
    return [...this.#acknowledged].flatMap((id) => {
      const uploaded = this.#uploaded.get(id)
      return uploaded && memory.peek(keys.segment(id)) ? [uploaded] : []
    })
  }

  /**
   * What the storage took. An index names a segment first under the epoch of who uploaded it, or
   * under a later one that may adopt it: Kafka had just these records in the end, and has not all
   * of them any more. Only a rebuild does not ask Kafka.
   */
  stored(phase: Phase, key: ObjectKey, body: Uint8Array): void {
    if (key !== keys.index) return
    if (phase === 'rebuild') {
      this.#rebuilt(body)
      return
    }
    // What was edited by hand is not read before it is accepted.
    if (this.#tampered === 'edited') this.mend()
    if (this.#tampered === undefined) this.#lastWhole = body
    const text = Buffer.from(body).toString()
    const epoch = Number(/^epoch: (\d+)$/m.exec(text)?.[1])
    for (const { id, epoch: own, from, records } of this.#uploaded.values()) {
      if (this.#named.has(id) || !names(text, id)) continue
      this.#named.add(id)
      if (own === epoch) continue
      const why = this.#options.kafka.whyNotAdoptable(from, records)
      if (why !== undefined) this.#complain(`${id} of ${own} was adopted under ${epoch}: ${why}`)
    }
  }

  /** What process `name` deleted: of leases, only its own. */
  deleted(name: string, key: ObjectKey, body: Uint8Array): void {
    if (key !== keys.lease) return
    const { holder } = JSON.parse(Buffer.from(body).toString()) as { readonly holder: string }
    if (holder !== `"${name}"`) this.#complain(`${name} deleted the lease of ${holder}`)
  }

  /**
   * What a process is about to delete: what the index says to be deleted, or garbage for longer
   * than the grace; while it is not what it was, what it said last.
   */
  deleting(name: string, key: ObjectKey): void {
    const object = namedObject(keys.folder, key)
    if (object === undefined) return
    const named = this.#tampered === undefined ? this.#present() : this.#last()
    if (named === undefined) return
    const why = this.#whyNotDeletable(object.id, named)
    if (why !== undefined) this.#complain(`${name} deletes ${key}: ${why}`)
  }

  /** Who was slow may hear of its commit when that has expired, and is deleted. */
  acknowledge(generation: number, id: Ulid): void {
    const isThere = this.#options.memory.peek(keys.segment(id)) !== undefined
    if (generation === this.#generation && isThere) this.#acknowledged.add(id)
  }

  /**
   * No epoch is given twice; who was slow may hear of its own when a later one is given already.
   */
  acquire(era: string, epoch: number): void {
    if (era !== this.era) return
    if (this.#acquired.has(epoch)) this.#complain(`epoch ${epoch} was given twice`)
    this.#acquired.add(epoch)
  }

  forget(): void {
    this.#generation++
    this.#tampered = undefined
    this.#lastWhole = undefined
    this.#acquired.clear()
    this.#acknowledged.clear()
    this.promises.forget()
    this.#epoch = 0
  }

  /** Whether there is an index, as Kannery left it, and all that it names. */
  get isWhole(): boolean {
    const { memory } = this.#options
    const named = this.#present()
    return (
      named !== undefined &&
      this.#tampered === undefined &&
      named.entries.every(
        ({ id, state }) => state !== undefined || memory.peek(keys.segment(id)) !== undefined,
      )
    )
  }

  /** What the index says now. */
  named(): readonly SegmentEntry[] {
    return this.#present()?.entries ?? []
  }

  /**
   * The first promise that is not kept. An index that a person changed promises nothing until it is
   * back, accepted, or rebuilt.
   */
  violation(): string | undefined {
    if (this.#complaint !== undefined) return this.#complaint
    const named = this.#present()
    if (named === undefined) return this.#complaint
    const { index, entries } = named
    if (this.#tampered === 'edited') this.mend()
    if (this.#tampered !== undefined) return this.#brokenGarbage(named)
    if (index.epoch < this.#epoch) return `the epoch fell from ${this.#epoch} to ${index.epoch}`
    this.#epoch = index.epoch
    const lost = [...this.#acknowledged].find((id) => !this.#isCovered(id, entries))
    if (lost !== undefined) return `${lost} was acknowledged and is not named any more`
    return (
      this.#brokenGarbage(named) ??
      brokenCoverage(index, entries) ??
      this.#brokenRetention(entries) ??
      this.promises.broken(entries)
    )
  }

  #complain(text: string): void {
    this.#complaint ??= text
  }

  /** undefined: there is none, or none that counts. */
  #present(): NamedState | undefined {
    const { memory } = this.#options
    const bytes = memory.peek(keys.index)
    if (bytes === undefined) return undefined
    try {
      return namedStateOf(memory, bytes)
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      if (this.#tampered !== undefined) return undefined
      // Who deletes a folder while it is worked in finds ruins, which hold nothing that was
      // promised.
      if (this.#acknowledged.size === 0) this.tamper('ruined')
      else this.#complain(`${error.message}: ${error.why}`)
      return undefined
    }
  }

  #last(): NamedState | undefined {
    try {
      return this.#lastWhole && namedStateOf(this.#options.memory, this.#lastWhole)
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      return undefined
    }
  }

  #whyNotDeletable(id: Ulid, { index, entries, pages }: NamedState): string | undefined {
    const { now, graceMs } = this.#options
    if (pages.has(id)) return 'the index names it'
    const entry = entries.find((one) => one.id === id)
    if (entry !== undefined && entry.state !== 'deleted') return 'the index does not say so'
    const garbage = index.garbage.find((one) => one.id === id)
    const isOver = garbage === undefined || Date.parse(garbage.since) + graceMs <= now()
    return isOver ? undefined : 'its grace is not over'
  }

  /**
   * Pages that are in use, and segments that were acknowledged. A rebuild knows better, and so did
   * who put an older index there.
   */
  #brokenGarbage({ index, entries, pages }: NamedState): string | undefined {
    const live = new Set(entries.filter(({ state }) => state === undefined).map(({ id }) => id))
    for (const { id } of index.garbage) {
      if (pages.has(id) || live.has(id)) return `${id} is garbage, and the index names it`
      if (this.#tampered === undefined || this.#garbageBefore.has(id)) continue
      if (this.#acknowledged.has(id)) return `${id} was acknowledged and is garbage now`
    }
    return undefined
  }

  /** Named itself, or every record that was in it is in what is named. */
  #isCovered(id: Ulid, entries: readonly SegmentEntry[]): boolean {
    if (entries.some((entry) => entry.id === id)) return true
    const { from, records } = this.#uploaded.get(id) ?? { from: 0, records: [] }
    return records.every((record, at) =>
      entries.some(({ id: other, offsets: { 0: range } }) => {
        const there = this.#uploaded.get(other)
        const isIn = range !== undefined && range[0] <= from + at && from + at < range[1]
        return isIn && there?.records[from + at - there.from] === record
      }),
    )
  }

  /**
   * From the segments that are there. What is not there any more had expired, or its deletion was
   * complained about.
   */
  #rebuilt(body: Uint8Array): void {
    const existing = this.existing()
    this.mend()
    this.promises.forget()
    this.#acquired.clear()
    this.#acknowledged.clear()
    this.#epoch = 0
    this.#lastWhole = body
    const text = Buffer.from(body).toString()
    for (const id of this.#uploaded.keys()) if (names(text, id)) this.#named.add(id)
    const rebuilt = this.#last()
    // The folder was deleted under the rebuild, and its pages with it: ruins, which promise
    // nothing.
    if (rebuilt === undefined) {
      this.tamper('ruined')
      return
    }
    const { entries } = rebuilt
    for (const { id } of entries) this.#named.add(id)
    for (const { id } of existing) this.#acknowledged.add(id)
    const lost = existing.find(({ id }) => !this.#isCovered(id, entries))
    if (lost !== undefined) this.#complain(`${lost.id} is there, and was not rebuilt`)
  }

  #brokenRetention(entries: readonly SegmentEntry[]): string | undefined {
    const { memory, now, retentionMs, graceMs } = this.#options
    for (const { id, state, expiredAt } of entries) {
      const markedMs = Date.parse(expiredAt ?? '')
      // Its commit came after its upload.
      const uploadedMs = this.#uploaded.get(id)?.atMs ?? 0
      if (state !== undefined && markedMs < uploadedMs + retentionMs) {
        return `${id} expired too early`
      }
      const mayBeGone = state !== undefined && markedMs + graceMs <= now()
      if (this.#acknowledged.has(id) && !memory.peek(keys.segment(id)) && !mayBeGone) {
        return `the object of ${id} is gone`
      }
    }
    return undefined
  }
}

/** Whether an index names a segment outside of its pages. */
function names(text: string, id: Ulid): boolean {
  return text.includes(`{"id":"${id}","in"`)
}
