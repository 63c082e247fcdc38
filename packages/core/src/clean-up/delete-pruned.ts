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

/** Reports what {@link deletePruned} deleted, and why it did not delete everything that was due. */
export interface Pruned extends Deletable {
  /**
   * Why objects that were due were not deleted; undefined when all were. If several objects failed,
   * it is the error of one of them, with their number as the fact `failed`.
   */
  readonly failure: KanneryError | undefined
}

/**
 * Deletes what has been marked as expired, or garbage, for longer than the grace. Only the holder
 * of the epoch may call it.
 *
 * Segments are deleted in batches. First the index lists the segments of a batch as deleted and as
 * garbage; then their objects are deleted, each by itself; the next change of the index removes the
 * deleted ones from the garbage. A hold or point that is added meanwhile therefore keeps everything
 * that the index does not list as deleted by then. Objects that an interrupted call leaves are
 * garbage, which the next call deletes. An object that the index also names as live is never
 * deleted.
 *
 * The recovery of a later backup is not affected: a session that only deletes does not count as one
 * that committed.
 *
 * @throws LEASE_LOST when another writer took over; INDEX_MISSING when the index was removed; as
 *   {@link editIndex}; STORAGE_*. Errors after the first attempt to delete an object are not
 *   thrown: they are the `failure` of the result.
 */
export async function deletePruned(session: WriterSession, options: PruneOptions): Promise<Pruned> {
  const nowMs = await storageNow(session.topic, options)
  return await new Deletion(session, { ...options, nowMs }).run()
}

/** The most segments of a batch, about as many as two pages hold. */
const batchSegments = 256
/**
 * After this many objects that the storage does not delete, no other batch is begun, because the
 * index grows with them.
 */
const maxFailures = 256
/** After this many deletions in a row without an answer, the storage counts as unreachable. */
const maxUnanswered = 4

class Deletion {
  readonly #session: WriterSession
  readonly #options: PruneOptions & { readonly nowMs: number }
  readonly #announced = new Map<Ulid, SegmentEntry>()
  readonly #segments: SegmentEntry[] = []
  readonly #garbage: GarbageEntry[] = []
  /** One for each object that was not deleted. */
  readonly #failures: KanneryError[] = []
  #unanswered = 0

  constructor(session: WriterSession, options: PruneOptions & { readonly nowMs: number }) {
    this.#session = session
    this.#options = options
  }

  async run(): Promise<Pruned> {
    const failure = await this.#failureOf(() => this.#deleteAll())
    return { segments: this.#segments, garbage: this.#garbage, failure }
  }

  /** What kept `work` from deleting all objects; throws what stopped it before the first one. */
  async #failureOf(work: () => Promise<void>): Promise<KanneryError | undefined> {
    try {
      await work()
    } catch (error) {
      if (!KanneryError.is(error) || !this.#hasTried) throw error
      if (!this.#failures.includes(error)) return asStopped(error, this.#failures.length)
    }
    return asOne(this.#failures)
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

  /** Removes what is deleted from the garbage, and adds the next batch to it. */
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

  /** Returns the ids of the deleted objects. */
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
      this.#failures.push(error)
      if (this.#unanswered === maxUnanswered) throw error
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

/** The grace counts from its mark, and has ended. */
function asGarbage({ id, expiredAt, captured }: SegmentEntry): GarbageEntry {
  return { id, kind: 'segment', since: expiredAt ?? captured[0] }
}

function isUnanswered(error: KanneryError): boolean {
  return KanneryError.is(
    error,
    'STORAGE_UNAVAILABLE',
    'STORAGE_THROTTLED',
    'STORAGE_OUTCOME_UNKNOWN',
  )
}

/** The error that ended the deletion, after which the storage was asked for no other object. */
function asStopped(error: KanneryError, failed: number): KanneryError {
  if (failed === 0) return error
  const objects = failed === 1 ? '1 object was' : `${failed} objects were`
  return error.with({
    message: `${error.message}; ${objects} not deleted before`,
    facts: { failed },
  })
}

function asOne(failures: readonly KanneryError[]): KanneryError | undefined {
  const [first] = failures
  if (first === undefined || failures.length === 1) return first
  return first.with({
    message: `${failures.length} objects were not deleted; of the first one: ${first.message}`,
    facts: { failed: failures.length },
  })
}
