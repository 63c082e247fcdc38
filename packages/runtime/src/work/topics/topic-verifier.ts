import {
  type Index,
  type PageSummary,
  readIndex,
  readPage,
  type SegmentEntry,
} from '@kannery/core/index-file'
import { isOfOneObject, namedObject, type TopicKeys, topicKeys } from '@kannery/core/layout'
import { type Damage, verifySegment } from '@kannery/core/segment'
import type { Ulid } from '@kannery/core/ulid'
import { isBackupDamage, KanneryError, type ObjectKey, type StorageBackend } from '@kannery/storage'
import { summarize, type TopicSummary } from './summary.ts'

/**
 * `deep`: every byte is read. `shallow`: only that objects are there and have their size. Indexes
 * and pages are always read.
 */
export type VerificationDepth = 'deep' | 'shallow'

/** An object that is not as it was written. Without `from` and `to` all of it is damaged. */
export interface VerificationFinding {
  readonly topic: string
  readonly key: string
  /** First damaged byte of the object. */
  readonly from?: number
  /** Byte after the last damaged one. */
  readonly to?: number
  readonly reason: string
}

export interface TopicVerification {
  readonly findings: readonly VerificationFinding[]
  readonly unnamed: readonly string[]
  /** undefined where the index is missing or damaged. */
  readonly summary: TopicSummary | undefined
}

interface TopicFolder {
  /** Segments and pages with their sizes. */
  readonly objects: ReadonlyMap<ObjectKey, { readonly id: Ulid; readonly bytes: number }>
  readonly hasLease: boolean
}

/** Checks the backup of one topic, once. */
export class TopicVerifier {
  readonly #storage: StorageBackend
  readonly #topic: string
  readonly #keys: TopicKeys
  readonly #depth: VerificationDepth
  readonly #signal: AbortSignal
  readonly #findings: VerificationFinding[] = []
  readonly #named = new Set<ObjectKey>()

  constructor(
    storage: StorageBackend,
    topic: string,
    { depth, signal }: { readonly depth: VerificationDepth; readonly signal: AbortSignal },
  ) {
    this.#storage = storage
    this.#topic = topic
    this.#keys = topicKeys(topic)
    this.#depth = depth
    this.#signal = signal
  }

  /** What was found so far. */
  get findings(): readonly VerificationFinding[] {
    return this.#findings
  }

  /**
   * Calls `onSegment` after each segment that was checked: not for those that the retention
   * deleted. `bytes` is 0 where it is missing or cannot be read.
   *
   * @throws STORAGE_* where the folder or the index cannot be read
   */
  async verify(
    onSegment: (entry: SegmentEntry, bytes: number) => void,
  ): Promise<TopicVerification | 'absent'> {
    // Listed before the index is read: what is uploaded, and then named, in between is not taken
    // for forgotten.
    const folder = await this.#list()
    const index = await this.#readIndex(folder)
    if (index === 'absent') return 'absent'
    if (index === 'unusable') {
      return { findings: this.#findings, unnamed: [], summary: undefined }
    }
    for await (const entry of this.#entries(index)) {
      this.#signal.throwIfAborted()
      const found = await this.#verifyEntry(entry, folder)
      if (found !== 'deleted') onSegment(entry, found === 'there' ? entry.bytes : 0)
    }
    const unnamed = this.#unnamed(index, folder)
    return { findings: this.#findings, unnamed, summary: summarize(index) }
  }

  async #list(): Promise<TopicFolder> {
    const objects = new Map<ObjectKey, { id: Ulid; bytes: number }>()
    let hasLease = false
    for await (const entry of this.#storage.list(this.#keys.folder, { depth: 'children' })) {
      if (entry.kind !== 'object') continue
      const { key, size } = entry.info
      const named = namedObject(this.#keys.folder, key)
      if (named !== undefined) objects.set(key, { id: named.id, bytes: size })
      hasLease ||= key === this.#keys.lease
    }
    return { objects, hasLease }
  }

  async #readIndex({ objects }: TopicFolder): Promise<Index | 'absent' | 'unusable'> {
    try {
      const found = await readIndex(this.#storage, this.#topic)
      if (found !== undefined) return found.index
    } catch (error) {
      this.#report(error, this.#keys.index)
      return 'unusable'
    }
    if (objects.size === 0) return 'absent'
    this.#find(this.#keys.index, 'the index is missing, but segments are there')
    return 'unusable'
  }

  async *#entries(index: Index): AsyncGenerator<SegmentEntry> {
    for (const page of index.pages) yield* this.#entriesOfPage(page)
    yield* index.segments
  }

  async *#entriesOfPage(summary: PageSummary): AsyncGenerator<SegmentEntry> {
    const key = this.#keys.page(summary.id)
    this.#named.add(key)
    try {
      const page = await readPage(this.#storage, this.#topic, summary)
      for (const inner of page.pages) yield* this.#entriesOfPage(inner)
      yield* page.segments
    } catch (error) {
      await this.#reportOne(error, key)
    }
  }

  async #verifyEntry(
    entry: SegmentEntry,
    folder: TopicFolder,
  ): Promise<'there' | 'missed' | 'deleted'> {
    const key = this.#keys.segment(entry.id)
    this.#named.add(key)
    if (entry.state === 'deleted') return 'deleted'
    const found = await this.#examine(key, entry, folder)
    if (found === 'absent') {
      if (await this.#mayBeAbsent(entry)) return 'deleted'
      this.#find(key, 'the index names it, but it is not there')
    } else if (typeof found === 'number' && found !== entry.bytes) {
      this.#find(key, `it has ${found} bytes, the index says ${entry.bytes}`)
    }
    return found === 'absent' || found === 'unreadable' ? 'missed' : 'there'
  }

  async #examine(
    key: ObjectKey,
    entry: SegmentEntry,
    folder: TopicFolder,
  ): Promise<'read' | 'unreadable' | 'absent' | number> {
    try {
      return this.#depth === 'deep' ? await this.#read(key, entry) : await this.#look(key, folder)
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return 'absent'
      await this.#reportOne(error, key)
      return 'unreadable'
    }
  }

  async #read(key: ObjectKey, entry: SegmentEntry): Promise<'read'> {
    const damages = verifySegment(this.#storage, key, entry, { signal: this.#signal })
    for await (const damage of damages) this.#damage(damage)
    return 'read'
  }

  /** The size of a segment that was listed, or that was committed after the listing. */
  async #look(key: ObjectKey, { objects }: TopicFolder): Promise<number | 'absent'> {
    const listed = objects.get(key)?.bytes
    return listed ?? (await this.#storage.head(key))?.size ?? 'absent'
  }

  /** A running backup deletes what has expired: the index as it is now says whether it did. */
  async #mayBeAbsent({ id }: SegmentEntry): Promise<boolean> {
    const now = await readIndex(this.#storage, this.#topic)
    if (now === undefined) return false
    const again = new TopicVerifier(this.#storage, this.#topic, {
      depth: this.#depth,
      signal: this.#signal,
    })
    for await (const entry of again.#entries(now.index)) {
      if (entry.id === id) return entry.state !== undefined
    }
    return true
  }

  #unnamed(index: Index, { objects, hasLease }: TopicFolder): readonly string[] {
    const garbage = new Set<Ulid>(index.garbage.map(({ id }) => id))
    const last = [...index.segments.map(({ id }) => id), ...index.pages.map(({ ids }) => ids[1])]
      .toSorted()
      .at(-1)
    // A running backup uploads first and names then.
    const isUnderWay = (id: Ulid) => hasLease && (last === undefined || id > last)
    return [...objects]
      .filter(([key, { id }]) => !this.#named.has(key) && !garbage.has(id) && !isUnderWay(id))
      .map(([key]) => key)
  }

  /** What cannot be read although the storage serves everything else is a finding, as damage is. */
  async #reportOne(error: unknown, key: ObjectKey): Promise<void> {
    if (KanneryError.is(error) && (await isOfOneObject(this.#storage, this.#topic, error))) {
      this.#find(key, `it cannot be read: ${error.message}`)
    } else {
      this.#report(error, key)
    }
  }

  /** Damage is a finding; every other error says that the storage could not be read. */
  #report(error: unknown, key: ObjectKey): void {
    if (!isBackupDamage(error)) throw error
    const { from, to } = error.facts
    const reason = error.why ?? error.message
    if (typeof from === 'number' && typeof to === 'number') this.#damage({ key, from, to, reason })
    else this.#find(key, reason)
  }

  #damage({ key, from, to, reason }: Damage): void {
    this.#findings.push({ topic: this.#topic, key, from, to, reason })
  }

  #find(key: ObjectKey, reason: string): void {
    this.#findings.push({ topic: this.#topic, key, reason })
  }
}
