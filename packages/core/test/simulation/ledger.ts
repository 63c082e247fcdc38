import type { ObjectKey } from '@kannery/storage'
import type { MemoryStorage } from '@kannery/storage-testkit'
import { readIndex, segmentEntries, topicKeys, type Ulid } from '../../src/index.ts'

/** What writers were promised, held against what lies in the storage. */
export class Ledger {
  readonly #memory: MemoryStorage
  readonly #acknowledged = new Set<Ulid>()
  /** By segment that no index names yet: the epoch under which it was uploaded. */
  readonly #unnamed = new Map<Ulid, number>()
  #foreign: string | undefined
  #epoch = 0
  #acquired = 0
  #generation = 0

  constructor(memory: MemoryStorage) {
    this.#memory = memory
  }

  /** Grows when a person deletes the whole backup: what was promised before is void. */
  get generation(): number {
    return this.#generation
  }

  upload(id: Ulid, epoch: number): void {
    this.#unnamed.set(id, epoch)
  }

  /** What the storage took: an index names a segment first under the epoch of who uploaded it. */
  stored(key: ObjectKey, body: Uint8Array): void {
    if (key !== topicKeys('orders').index) return
    const text = Buffer.from(body).toString()
    const epoch = Number(/^epoch: (\d+)$/m.exec(text)?.[1])
    for (const [id, own] of this.#unnamed) {
      if (!text.includes(`{"id":"${id}","in"`)) continue
      this.#unnamed.delete(id)
      if (own !== epoch) this.#foreign ??= `${id} of epoch ${own} was committed under ${epoch}`
    }
  }

  acknowledge(generation: number, id: Ulid): void {
    if (generation === this.#generation) this.#acknowledged.add(id)
  }

  /** The complaint, if that epoch was given before. */
  acquire(generation: number, epoch: number): string | undefined {
    if (generation !== this.#generation) return undefined
    if (epoch <= this.#acquired) return `epoch ${epoch} was given twice`
    this.#acquired = epoch
    return undefined
  }

  forget(): void {
    this.#generation++
    this.#acquired = 0
    this.#acknowledged.clear()
    this.#epoch = 0
  }

  /** The first promise that is not kept. An index that a person deleted promises nothing until it is back. */
  async violation(): Promise<string | undefined> {
    if (this.#foreign !== undefined) return this.#foreign
    const stored = await readIndex(this.#memory, 'orders')
    if (stored === undefined) return undefined
    const { epoch } = stored.index
    if (epoch < this.#epoch) return `the epoch fell from ${this.#epoch} to ${epoch}`
    this.#epoch = epoch
    const contents = this.#memory.contents()
    const named = new Set<Ulid>()
    let next = 0
    for await (const { id, offsets } of segmentEntries(this.#memory, stored.index)) {
      const [from, to] = offsets[0] ?? [next, next]
      if (from !== next) return `${id} continues at ${from}, not at ${next}`
      next = to
      named.add(id)
      const lies = contents.has(topicKeys('orders').segment(id))
      if (!lies && this.#acknowledged.has(id)) return `the object of ${id} is gone`
    }
    const lost = [...this.#acknowledged].find((id) => !named.has(id))
    return lost === undefined ? undefined : `${lost} was acknowledged and is not named any more`
  }
}
