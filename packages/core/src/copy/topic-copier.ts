import { KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { indexMissing } from '../index-file/errors.ts'
import { holdingsOf } from '../index-file/holdings.ts'
import type { Index, Page, PageSummary, SegmentEntry } from '../index-file/model.ts'
import { readPage } from '../index-file/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { type TopicKeys, topicKeys } from '../layout/keys.ts'
import type { WriterSession } from '../lease/writer-session.ts'
import type { Ulid } from '../ulid/ulid.ts'
import { copyObject } from './copy-object.ts'
import { assertContinuesCopy } from './lineage.ts'
import { NamedSegments } from './named-segments.ts'

/** What a copy did so far. */
export interface CopySums {
  /** Segments that were sent or reused. */
  readonly segments: number
  /** Of them, those that were in the target already, and were read there. */
  readonly reused: number
  /** Of the segments. */
  readonly records: number
  readonly bytes: number
  /** Segments that the source's retention had deleted, and that were now deleted here. */
  readonly deleted: number
}

export interface CopyProgress {
  readonly topic: string
  readonly records: number
  readonly bytes: number
  /** Records that it will have copied at its end, as far as the indexes tell. */
  readonly total: number
}

export interface CopierOptions {
  readonly source: StorageBackend
  readonly target: StorageBackend
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CopyProgress) => void
}

/** The source has no such object (any more). */
class Absent extends Error {
  readonly key: ObjectKey

  constructor(key: ObjectKey) {
    super(`${key} is not there`)
    this.key = key
  }
}

/** More are not kept in mind: what is met again after the source's index changed is then read in the target. */
const maxRemembered = 100_000

/** Copies one topic, once. */
export class TopicCopier {
  readonly #session: WriterSession
  readonly #options: CopierOptions
  readonly #keys: TopicKeys
  readonly #named: NamedSegments
  readonly #brought = new Set<Ulid>()
  /** Deleted at the source since the last copy. */
  readonly #deleted = new Set<Ulid>()
  #total = 0
  #sums = { segments: 0, reused: 0, records: 0, bytes: 0, deleted: 0 }

  constructor(session: WriterSession, options: CopierOptions) {
    this.#session = session
    this.#options = options
    this.#keys = topicKeys(session.topic)
    this.#named = new NamedSegments(options.target, session.index)
  }

  async copy(source: Index): Promise<CopySums> {
    const index = await this.#bringObjects(source)
    await this.#session.becomeCopyOf(index)
    await this.#deleteWhatIsDeleted()
    return this.#sums
  }

  /** All that `source` names, or, where that was pruned meanwhile, the source's index as it is now: that one is returned. */
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
    // What has expired may be gone, here as there.
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

  /** The index says so since a moment ago: who reads an older one meets what is gone, and reads the index again. */
  async #deleteWhatIsDeleted(): Promise<void> {
    const { target, signal } = this.#options
    for (const id of this.#deleted) {
      await target.delete(this.#keys.segment(id), signal === undefined ? {} : { signal })
      this.#sums = { ...this.#sums, deleted: this.#sums.deleted + 1 }
    }
  }
}

/** Whether the target has a segment because its index names it. One that had expired may not have been there to be copied. */
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
    why: 'its index names it, also when it was read again, and no such object is there',
    facts: { key, topic, location: source.location },
  })
}

function contradicted(topic: string, key: ObjectKey, digests: readonly string[]): KanneryError {
  return new KanneryError('DATA_CORRUPT', `source and target do not mean the same by ${key}`, {
    why: `the digest is ${digests[0]} by the target's index and ${digests[1]} by the source's`,
    facts: { key, topic },
  })
}
