import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { indexMissing } from '../index-file/format/errors.ts'
import type { Index, Page, PageSummary, SegmentEntry } from '../index-file/format/model.ts'
import { holdingsOf } from '../index-file/pages/holdings.ts'
import { liveAmong } from '../index-file/pages/named-objects.ts'
import { readPage } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { type NamedObject, type TopicKeys, topicKeys } from '../layout/keys.ts'
import { defaultRetentionTiming, dueGarbage } from '../retention/due.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { assertContinuesCopy, holdsOfReaders } from '../writing/lineage.ts'
import type { WriterSession } from '../writing/writer-session.ts'
import { leftovers, replacedPages } from './copy-garbage.ts'
import { copyObject } from './copy-object.ts'
import { NamedSegments } from './named-segments.ts'

/** Counts what a copy has done so far. */
export interface CopySums {
  /** Number of segments that were sent or reused. */
  readonly segments: number
  /** How many of them were in the target already, and were read there. */
  readonly reused: number
  /** Number of records in the segments. */
  readonly records: number
  /** Size of the segments, bytes. */
  readonly bytes: number
  /**
   * Number of segments that the source's retention had deleted, and that were deleted in the
   * target.
   */
  readonly deleted: number
}

/** Reports how far the copy of a topic has got. */
export interface CopyProgress {
  readonly topic: string
  /** Number of records in the segments that were sent or reused so far. */
  readonly records: number
  /** Size of these segments, bytes. */
  readonly bytes: number
  /** How many records the copy will have copied in the end, according to the indexes. */
  readonly total: number
}

/** The storages of a copy. */
export interface CopierOptions {
  readonly source: StorageBackend
  readonly target: StorageBackend
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined
}

/** The source does not have the object, or no longer has it. */
class Absent extends Error {
  readonly key: ObjectKey

  constructor(key: ObjectKey) {
    super(`${key} is not there`)
    this.key = key
  }
}

/**
 * The most ids that are remembered. Other objects are read in the target when the source's index
 * changes and they are met again.
 */
const maxRemembered = 100_000

/** Copies one topic, once. */
export class TopicCopier {
  readonly #session: WriterSession
  readonly #options: CopierOptions
  readonly #keys: TopicKeys
  readonly #named: NamedSegments
  readonly #brought = new Set<Ulid>()
  /** Segments that were deleted at the source since the last copy. */
  readonly #deleted = new Set<Ulid>()
  /**
   * Whether the folder may have objects that no index of the target ever named, of this copy or of
   * one that died.
   */
  #mayHaveLeftovers: boolean
  #total = 0
  #sums = { segments: 0, reused: 0, records: 0, bytes: 0, deleted: 0 }

  constructor(session: WriterSession, options: CopierOptions) {
    this.#session = session
    this.#options = options
    this.#keys = topicKeys(session.topic)
    this.#named = new NamedSegments(options.target, session.index)
    this.#mayHaveLeftovers = session.index.committed !== session.epoch - 1
  }

  async copy(source: Index): Promise<CopySums> {
    const index = await this.#bringObjects(source)
    const nowMs = await this.#session.becomeCopyOf(index, await this.#garbageAs(index))
    await this.#deleteGarbage(index, nowMs)
    return this.#sums
  }

  /**
   * Copies all that `source` names. When the source was pruned meanwhile, continues with its index
   * as it is then. Returns the index whose objects were copied.
   */
  async #bringObjects(source: Index): Promise<Index> {
    let index = source
    for (let missed: ObjectKey | undefined; ; ) {
      try {
        this.#total = recordsIn(index) - recordsIn(this.#session.index)
        for (const summary of index.pages) await this.#bringPage(summary)
        for (const entry of index.segments) await this.#bringSegment(entry)
        return index
      } catch (error) {
        if (!(error instanceof Absent)) throw error
        const { key } = error
        if (key === missed) throw missing(this.#session.topic, key, this.#options.source)
        missed = key
        index = await this.#readAgain()
      }
    }
  }

  async #readAgain(): Promise<Index> {
    const { topic, index } = this.#session
    this.#mayHaveLeftovers = true
    const now = await readIndex(this.#options.source, topic)
    if (now === undefined) throw indexMissing(topic, 'it was removed while it was being copied')
    assertContinuesCopy(index, now.index)
    return now.index
  }

  async #bringPage(summary: PageSummary): Promise<void> {
    if (this.#named.namesPage(summary)) return
    const page = await this.#readPage(summary)
    for (const inner of page.pages) await this.#bringPage(inner)
    for (const entry of page.segments) await this.#bringSegment(entry)
    const key = this.#keys.page(summary.id)
    const outcome = await copyObject({ ...this.#options, key, ...sizeOf(summary) })
    if (outcome === 'absent') throw new Absent(key)
  }

  async #readPage(summary: PageSummary): Promise<Page> {
    try {
      return await readPage(this.#options.source, this.#session.topic, summary)
    } catch (error) {
      const isGone = KanneryError.is(error, 'DATA_CORRUPT') && error.retry === 'after-refresh'
      throw isGone ? new Absent(this.#keys.page(summary.id)) : error
    }
  }

  async #bringSegment(entry: SegmentEntry): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const { id } = entry
    const known = await this.#named.find(id)
    const key = this.#keys.segment(id)
    if (known !== undefined && known.digest !== entry.digest) {
      throw contradicted(this.#session.topic, key, [known.digest, entry.digest])
    }
    if (entry.state === 'deleted') {
      if (known !== undefined && known.state !== 'deleted') this.#deleted.add(id)
      return
    }
    if (this.#brought.has(id) || isHere(known, entry)) return
    const outcome = await copyObject({ ...this.#options, key, ...sizeOf(entry) })
    // An expired segment may be deleted at the source: then the copy does not have it either.
    if (outcome === 'absent' && entry.state === 'expired') return
    if (outcome === 'absent') throw new Absent(key)
    if (this.#brought.size < maxRemembered) this.#brought.add(id)
    this.#count(entry, outcome)
  }

  #count({ records, bytes }: SegmentEntry, outcome: 'sent' | 'reused'): void {
    const sums = this.#sums
    this.#sums = {
      ...sums,
      segments: sums.segments + 1,
      reused: sums.reused + (outcome === 'reused' ? 1 : 0),
      records: sums.records + records,
      bytes: sums.bytes + bytes,
    }
    const { topic } = this.#session
    const total = Math.max(this.#total, this.#sums.records)
    const { records: done, bytes: doneBytes } = this.#sums
    this.#options.onProgress?.({ topic, records: done, bytes: doneBytes, total })
  }

  /** Returns what the target has, or may have, and does not need as a copy of `source`. */
  async #garbageAs(source: Index): Promise<readonly NamedObject[]> {
    const { target } = this.#options
    const { index } = this.#session
    const live = await liveAmong(target, source, index.garbage)
    const garbage: readonly NamedObject[] = [
      ...index.garbage.filter(({ id }) => !live.has(id)),
      ...[...this.#deleted].map((id) => ({ kind: 'segment', id }) as const),
      ...(await replacedPages(target, index, source)),
      ...(this.#mayHaveLeftovers ? await leftovers(target, source) : []),
    ]
    return [...new Map(garbage.map((object) => [object.id, object])).values()]
  }

  /**
   * Deletes garbage whose grace has ended, and segments that were deleted at the source, where
   * their grace had ended. The index has said so for only a moment: a reader with an older index
   * finds an object missing, and reads the index again. A reader's hold keeps everything.
   */
  async #deleteGarbage(source: Index, nowMs: number): Promise<void> {
    const { index } = this.#session
    if (holdsOfReaders(index, source, nowMs).length > 0) return
    const { graceMs } = defaultRetentionTiming
    const due = await dueGarbage({ storage: this.#options.target, index, nowMs, graceMs })
    const dueIds = new Set([...due.map(({ id }) => id), ...this.#deleted])
    const gone = new Set<Ulid>()
    let refused: KanneryError | undefined
    for (const entry of index.garbage.filter(({ id }) => dueIds.has(id))) {
      const error = await this.#deleteObject(entry)
      if (error === undefined) gone.add(entry.id)
      refused ??= error
    }
    if (gone.size > 0) await this.#session.dropGarbage(gone)
    if (refused !== undefined) throw refused
  }

  /**
   * Deletes an object. Returns the error when only this object cannot be deleted, so that the
   * others still are.
   */
  async #deleteObject({ kind, id }: NamedObject): Promise<KanneryError | undefined> {
    const { target, signal } = this.#options
    this.#session.assertHeld()
    try {
      await target.delete(this.#keys[kind](id), { signal })
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_DENIED')) return error
      throw error
    }
    if (kind === 'segment') this.#sums = { ...this.#sums, deleted: this.#sums.deleted + 1 }
    return undefined
  }
}

/**
 * Whether the target has a segment because its index names it. A segment that had expired may have
 * been missing when it was to be copied.
 */
function isHere(known: SegmentEntry | undefined, entry: SegmentEntry): boolean {
  return known !== undefined && (known.state === undefined || known.state === entry.state)
}

function recordsIn(index: Index): number {
  return index.incarnations.reduce((sum, { n }) => sum + holdingsOf(index, n).records, 0)
}

function sizeOf({ bytes, digest }: Pick<SegmentEntry, 'bytes' | 'digest'>) {
  return { bytes, digest }
}

function missing(topic: string, key: ObjectKey, source: StorageBackend): KanneryError {
  return new KanneryError('DATA_CORRUPT', `${key} is missing in the source; it was not copied`, {
    why: 'its index names it, also when it was read again, but there is no such object',
    facts: { key, topic, location: source.location },
  })
}

function contradicted(topic: string, key: ObjectKey, digests: readonly string[]): KanneryError {
  return new KanneryError('DATA_CORRUPT', `source and target do not mean the same by ${key}`, {
    why: `the digest is ${digests[0]} by the target's index and ${digests[1]} by the source's`,
    facts: { key, topic },
  })
}
