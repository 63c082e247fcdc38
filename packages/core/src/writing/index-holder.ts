import { KanneryError, type ObjectVersion, type StorageBackend } from '@kannery/storage'
import { currentIncarnation, type NextOffsets, nextOffsets } from '../index-file/coverage.ts'
import { indexMissing } from '../index-file/format/errors.ts'
import { encodeIndex } from '../index-file/format/index-document.ts'
import type { Index } from '../index-file/format/model.ts'
import { PackedIndex } from '../index-file/format/packed-index.ts'
import type { PageWriter } from '../index-file/pages/page-writer.ts'
import { readIndex, type StoredIndex, storedIndex } from '../index-file/read-index.ts'
import { rollPages, type TailLimits } from '../index-file/roll.ts'
import { topicKeys } from '../layout/keys.ts'
import { contended, leaseLost } from '../lease/errors.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import type { UlidSource } from '../ulid/ulid.ts'

/** What an index holder needs to replace the index. */
export interface IndexHolderOptions {
  readonly storage: StorageBackend
  readonly ids: UlidSource
  readonly tailLimits: TailLimits
  /** Throws when this writer may not write any more. */
  readonly assertMayWrite: () => void
  /**
   * What the index covers as of the last committed change, which is needed when its pages are gone.
   */
  readonly nextOffsets: () => NextOffsets
}

/** An index is edited rarely: this many edits never come in between. */
const maxWrites = 16

/**
 * A change of an index. It is called again when the index was edited meanwhile, and must depend on
 * nothing but its argument. The index that it returns names the pages that it writes.
 */
export type IndexChange = (index: Index, writer: PageWriter) => Index | Promise<Index>

/**
 * The index of a topic as one writer holds it, under its epoch. Methods must not be called
 * concurrently.
 */
export class IndexHolder {
  readonly #options: IndexHolderOptions
  #packed: PackedIndex
  #version: ObjectVersion

  constructor({ index, version }: StoredIndex, options: IndexHolderOptions) {
    this.#options = options
    this.#packed = new PackedIndex(index)
    this.#version = version
  }

  get index(): Index {
    return this.#packed.index
  }

  /**
   * Steps 11 and 12: replaces the index by the result of `change`, with a new `commit`. If the
   * index was edited meanwhile under the same epoch (a hold, marks of a prune, a person), `change`
   * is applied again, to the edited index. The same happens when such an edit replaced pages, and
   * those that this index names are gone.
   *
   * @throws LEASE_LOST; INDEX_MISSING when the index is gone, which needs a person; DATA_CORRUPT,
   *   INDEX_FOREIGN for the index that was found instead
   */
  async replace(change: IndexChange): Promise<void> {
    const { storage, assertMayWrite } = this.#options
    const key = topicKeys(this.index.topic).index
    for (let writes = 0; writes < maxWrites; writes++) {
      assertMayWrite()
      const version = this.#version
      const next = await this.#changed(change)
      if (next === undefined) continue
      const bytes = encodeIndex(next)
      assertMayWrite()
      const condition = { kind: 'if-version', version } as const
      const persistence = { maxResends: 3, assertMayResend: assertMayWrite }
      const outcome = await putCertainly(storage, key, bytes, { condition }, persistence)
      if (outcome.kind === 'written') {
        this.#hold(new PackedIndex(next, bytes), outcome.info.version)
        return
      }
      const found = this.#judge(outcome.found && storedIndex(outcome.found, next.topic))
      const isOurs = found.index.commit === next.commit
      if (!isOurs) await this.#assertContinues(found.index)
      this.#hold(new PackedIndex(found.index), found.version)
      if (isOurs) return
    }
    throw contended(storage, `the index of topic "${this.index.topic}"`)
  }

  #hold(packed: PackedIndex, version: ObjectVersion): void {
    this.#packed = packed
    this.#version = version
  }

  #pageWriter({ topic, epoch, writer, commit }: Index): PageWriter {
    const { storage, ids } = this.#options
    return { storage, topic, epoch, writer, newId: () => ids.next(commit) }
  }

  /**
   * Returns undefined when pages that the index names were replaced and are gone. The holder then
   * has the index that names the new pages.
   */
  async #changed(change: IndexChange): Promise<Index | undefined> {
    const { storage, ids, tailLimits } = this.#options
    const [base, version] = [this.index, this.#version]
    const commit = ids.next(base.commit)
    const writer = this.#pageWriter({ ...base, commit })
    try {
      const changed = await change(base, writer)
      const committed = { ...changed, commit, committed: base.epoch }
      return await rollPages(committed, writer, tailLimits)
    } catch (error) {
      const isGone = KanneryError.is(error, 'DATA_CORRUPT') && error.retry === 'after-refresh'
      if (!isGone) throw error
      const found = this.#judge(await readIndex(storage, base.topic))
      if (found.version === version) throw error
      await this.#assertContinues(found.index)
      this.#hold(new PackedIndex(found.index), found.version)
      return undefined
    }
  }

  /** Returns the index that was found instead of ours, if it still has our epoch. */
  #judge(found: StoredIndex | undefined): StoredIndex {
    const { topic, epoch, writer } = this.index
    if (found === undefined) {
      throw indexMissing(topic, 'it was removed while this backup was writing')
    }
    const { index } = found
    if (index.epoch !== epoch || index.writer !== writer) {
      throw leaseLost(topic, `a writer with epoch ${index.epoch} took over from epoch ${epoch}`)
    }
    return found
  }

  /** An older copy of the index that a person put back has our epoch, too. */
  async #assertContinues(found: Index): Promise<void> {
    const ours = currentIncarnation(this.index)
    const theirs = currentIncarnation(found)
    if (ours === undefined && theirs === undefined) return
    if (ours !== undefined && ours.n === theirs?.n) {
      const held = this.#options.nextOffsets()
      const there = await nextOffsets(this.#options.storage, found, ours.n)
      if (held.size === there.size && [...held].every(([p, next]) => there.get(p) === next)) return
    }
    throw leaseLost(found.topic, 'another copy of the index was put in its place')
  }
}
