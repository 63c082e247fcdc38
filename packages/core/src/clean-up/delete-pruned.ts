import { KanneryError } from '@kannery/storage'
import { editIndex } from '../index-file/edit-index.ts'
import { indexMissing } from '../index-file/format/errors.ts'
import type { GarbageEntry, Index, SegmentEntry } from '../index-file/format/model.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { leaseLost } from '../lease/errors.ts'
import { type Deletable, defaultRetentionTiming, dueForDeletion } from '../retention/due.ts'
import { changeEntriesOf, type PruneOptions } from '../retention/prune.ts'
import { storageNow } from '../retention/storage-now.ts'
import type { Ulid } from '../ulid/ulid.ts'
import type { WriterSession } from '../writing/writer-session.ts'

export interface Pruned extends Deletable {
  /** What was not deleted although it was due, and why; undefined when everything was. */
  readonly failure: KanneryError | undefined
}

/**
 * Deletes what is marked as expired, or garbage, for longer than the grace. Only for the holder of
 * the epoch.
 *
 * Segments go in batches. The index first says that those of a batch are deleted, and lists them as
 * garbage; then the objects go, each by itself; and the next change of the index takes those that
 * are gone off its garbage. So a hold or point that is put while this runs keeps all that the index
 * it is put into does not say to be deleted. What an interrupted call leaves is garbage, for the
 * next one. What the index also names as live is not deleted, whatever its garbage says.
 *
 * The recovery of a later backup is not affected: for it, who only deletes has not committed.
 *
 * @throws what came before the first deletion was tried: LEASE_LOST; as editIndex; STORAGE_*. Later
 *   it is the `failure`.
 */
export async function deletePruned(session: WriterSession, options: PruneOptions): Promise<Pruned> {
  const nowMs = await storageNow(session.topic, options)
  return await new Deletion(session, { ...options, nowMs }).run()
}

/** Segments that are announced together: about what two pages hold. */
const batchSegments = 256
/**
 * With so many objects that the storage does not delete, no more are announced: the index would
 * grow with them.
 */
const maxFailures = 256
/** With so many in a row that got no answer, the storage is away. */
const maxUnanswered = 4

class Deletion {
  readonly #session: WriterSession
  readonly #options: PruneOptions & { readonly nowMs: number }
  readonly #announced = new Map<Ulid, SegmentEntry>()
  readonly #segments: SegmentEntry[] = []
  readonly #garbage: GarbageEntry[] = []
  readonly #failures: KanneryError[] = []
  #unanswered = 0

  constructor(session: WriterSession, options: PruneOptions & { readonly nowMs: number }) {
    this.#session = session
    this.#options = options
  }

  async run(): Promise<Pruned> {
    try {
      await this.#deleteAll()
    } catch (error) {
      if (!KanneryError.is(error) || !this.#hasTried) throw error
      this.#failures.push(error)
    }
    const failure = asOne(this.#failures)
    return { segments: this.#segments, garbage: this.#garbage, failure }
  }

  async #deleteAll(): Promise<void> {
    const { storage } = this.#options
    const { topic } = this.#session
    const stored = await readIndex(storage, topic)
    if (stored === undefined) throw indexMissing(topic, 'it was removed while it was pruned')
    let { index } = stored
    this.#assertOurs(index)
    let gone = await this.#deleteObjects((await this.#due(index)).garbage)
    while (gone.size > 0 || (await this.#mayAnnounce(index))) {
      const batch = await this.#announce(gone)
      index = batch.index
      gone = await this.#deleteObjects(batch.garbage)
    }
  }

  async #due(index: Index): Promise<Deletable> {
    const { storage, nowMs, timing = defaultRetentionTiming } = this.#options
    return await dueForDeletion({ storage, index, nowMs, graceMs: timing.graceMs })
  }

  async #mayAnnounce(index: Index): Promise<boolean> {
    return this.#failures.length < maxFailures && (await this.#due(index)).segments.length > 0
  }

  /** Takes what is gone off the garbage, and puts the next batch on it. */
  async #announce(
    gone: ReadonlySet<Ulid>,
  ): Promise<{ readonly index: Index; readonly garbage: readonly GarbageEntry[] }> {
    const { storage, ids } = this.#options
    let batch: readonly SegmentEntry[] = []
    let garbage: readonly GarbageEntry[] = []
    const edit = async (index: Index): Promise<Index> => {
      this.#assertOurs(index)
      const mayMore = this.#failures.length < maxFailures
      batch = mayMore ? (await this.#due(index)).segments.slice(0, batchSegments) : []
      garbage = batch.map(asGarbage)
      const changed = await changeEntriesOf(index, batch, { ...this.#options, change: asDeleted })
      const left = changed.garbage.filter(({ id }) => !gone.has(id))
      return { ...changed, garbage: [...left, ...garbage] }
    }
    const index = await editIndex(storage, this.#session.topic, { ids, edit })
    for (const entry of batch) this.#announced.set(entry.id, entry)
    return { index, garbage }
  }

  /** Returns the ids of what is gone. */
  async #deleteObjects(garbage: readonly GarbageEntry[]): Promise<ReadonlySet<Ulid>> {
    const gone = new Set<Ulid>()
    for (const entry of garbage) {
      this.#session.assertHeld()
      if (await this.#deleteObject(entry)) gone.add(entry.id)
    }
    return gone
  }

  async #deleteObject(entry: GarbageEntry): Promise<boolean> {
    const { kind, id } = entry
    try {
      await this.#options.storage.delete(topicKeys(this.#session.topic)[kind](id))
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      this.#unanswered = isUnanswered(error) ? this.#unanswered + 1 : 0
      if (this.#unanswered === maxUnanswered) throw error
      this.#failures.push(error)
      return false
    }
    this.#unanswered = 0
    const segment = this.#announced.get(id)
    if (segment === undefined) this.#garbage.push(entry)
    else this.#segments.push(segment)
    return true
  }

  get #hasTried(): boolean {
    return this.#segments.length + this.#garbage.length + this.#failures.length > 0
  }

  #assertOurs({ epoch, writer }: Index): void {
    const { topic, epoch: ours, writer: us } = this.#session
    this.#session.assertHeld()
    if (epoch === ours && writer === us) return
    throw leaseLost(topic, `a writer with epoch ${epoch} took over from ${ours}`)
  }
}

function asDeleted(entry: SegmentEntry): SegmentEntry {
  return { ...entry, state: 'deleted' }
}

/** Its grace is over: that of its mark counts. */
function asGarbage({ id, expiredAt, captured }: SegmentEntry): GarbageEntry {
  return { id, kind: 'segment', since: expiredAt ?? captured[0] }
}

function isUnanswered({ code }: KanneryError): boolean {
  return /^STORAGE_(UNAVAILABLE|THROTTLED|OUTCOME_UNKNOWN)$/.test(code)
}

function asOne(failures: readonly KanneryError[]): KanneryError | undefined {
  const [first] = failures
  if (first === undefined || failures.length === 1) return first
  const { code, why, retry, remedy, facts } = first
  const message = `${failures.length} objects were not deleted; of the first one: ${first.message}`
  return new KanneryError(code, message, {
    ...(why === undefined ? {} : { why }),
    retry,
    remedy,
    facts: { ...facts, failed: failures.length },
    cause: first,
  })
}
