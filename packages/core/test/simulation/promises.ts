import type { SegmentEntry } from '../../src/index-file/format/model.ts'
import type { Ulid } from '../../src/ulid/ulid.ts'

/** What keeps segments. */
export type Reason = 'a hold' | 'a point' | 'the undo'

/**
 * Segments that must not expire, or must not be deleted if they have expired, until what keeps them
 * is removed.
 */
export class Promises {
  readonly #kept = new Map<Reason, Map<Ulid, SegmentEntry['state']>>()

  /** From now on, `entries` stay as they are. */
  keep(reason: Reason, entries: readonly SegmentEntry[]): void {
    const kept = this.#kept.get(reason) ?? new Map<Ulid, SegmentEntry['state']>()
    this.#kept.set(reason, kept)
    for (const { id, state } of entries) kept.set(id, state)
  }

  release(reason: Reason): void {
    this.#kept.delete(reason)
  }

  /** Nobody knows of them any more. */
  forget(): void {
    this.#kept.clear()
  }

  broken(entries: readonly SegmentEntry[]): string | undefined {
    for (const [reason, kept] of this.#kept) {
      const broken = entries.find(({ id, state }) => kept.has(id) && isWorse(state, kept.get(id)))
      if (broken !== undefined)
        return `${broken.id} is ${broken.state}, although ${reason} keeps it`
    }
    return undefined
  }
}

function isWorse(now: SegmentEntry['state'], before: SegmentEntry['state']): boolean {
  return now === 'deleted' ? before !== 'deleted' : now === 'expired' && before === undefined
}
