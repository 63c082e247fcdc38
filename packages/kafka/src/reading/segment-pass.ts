import { type SegmentEntry, segmentEntries } from '@kannery/core/index-file'
import { isOfOneObject, topicKeys } from '@kannery/core/layout'
import {
  type ChunkTableEntry,
  type Damage,
  damageOf,
  openSegment,
  type ReadChunk,
  type ReadChunksOptions,
  type SegmentHeader,
  type SegmentReader,
} from '@kannery/core/segment'
import { type CallOptions, KanneryError, type ObjectKey } from '@kannery/storage'
import { abortedTransactions } from './aborted.ts'
import { type BackupSource, type ChunkReading, readBackupIndex } from './backup-source.ts'
import { type BackupChunk, batchesOfChunk, corrupt, type Place } from './chunk-batches.ts'
import { deletedMeanwhile } from './deleted-meanwhile.ts'
import { salvagedChunks } from './salvaged-chunks.ts'
import type { SegmentSpans, Span } from './segment-spans.ts'
import type { Selection } from './selection.ts'
import { shareInWindow } from './window.ts'

const chunkHeaderBytes = 68

/** Reads the parts of one segment that {@link SegmentSpans} names, once. */
export class SegmentPass {
  readonly #options: BackupSource & ChunkReading
  readonly #selection: Selection
  readonly #entry: SegmentEntry
  readonly #spans: ReadonlyMap<number, Span>
  readonly #key: ObjectKey

  constructor(
    options: BackupSource & ChunkReading,
    selection: Selection,
    { entry, spans }: SegmentSpans,
  ) {
    this.#options = options
    this.#selection = selection
    this.#entry = entry
    this.#spans = spans
    this.#key = topicKeys(options.topic).segment(entry.id)
  }

  async *chunks(): AsyncGenerator<BackupChunk, void, undefined> {
    const reader = await this.#open()
    if (reader === 'without footer') yield* this.#salvage()
    else if (reader !== 'nothing') yield* this.#read(reader)
  }

  async #open(): Promise<SegmentReader | 'without footer' | 'nothing'> {
    const { storage, onDamage } = this.#options
    const [key, { bytes }] = [this.#key, this.#entry]
    try {
      const reader = await openSegment(storage, { key, bytes }, this.#call)
      return this.#belongsHere(reader.header) ? reader : 'nothing'
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return this.#judgeAbsence(error)
      if (onDamage !== undefined && damageOf(error) !== undefined) return 'without footer'
      await this.#leaveOut(error, { from: 0, to: bytes })
      return 'nothing'
    }
  }

  /** Reads the wanted chunks. After one that cannot be read, the others are read one by one. */
  async *#read(reader: SegmentReader): AsyncGenerator<BackupChunk, void, undefined> {
    const wanted = reader.footer.chunks.filter((entry) => this.#isWanted(entry))
    const isAborted = abortedTransactions(reader.footer.aborted)
    let last = -1
    try {
      for await (const chunk of reader.readChunks(wanted, this.#reading)) {
        last = chunk.entry.position
        yield this.#chunkOf(chunk, isAborted)
      }
      return
    } catch (error) {
      if (!(await this.#mayLeaveOut(error))) throw error
    }
    for (const entry of wanted.filter(({ position }) => position > last)) {
      try {
        for await (const chunk of reader.readChunks([entry], this.#reading)) {
          yield this.#chunkOf(chunk, isAborted)
        }
      } catch (error) {
        await this.#leaveOut(error, this.#placeOf(entry))
      }
    }
  }

  #chunkOf(
    { entry, raw }: ReadChunk,
    isAborted: ReturnType<typeof abortedTransactions>,
  ): BackupChunk {
    const { partition } = entry
    const place = this.#placeOf(entry)
    const chunk = { partition, raw, place, span: this.#spanOf(entry), isAborted }
    const batches = batchesOfChunk(chunk, this.#selection.window, this.#options.onDamage)
    return { partition, memory: raw, batches }
  }

  #placeOf({ position, storedLength }: ChunkTableEntry): Place {
    return { key: this.#key, from: position, to: position + chunkHeaderBytes + storedLength }
  }

  /**
   * Reports bytes as damaged that cannot be read although the storage serves everything else. Every
   * other error is thrown.
   */
  async #leaveOut(
    error: unknown,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<void> {
    if (!KanneryError.is(error) || !(await this.#mayLeaveOut(error))) throw error
    this.#report({ key: this.#key, from, to, reason: `it cannot be read: ${error.message}` })
  }

  async #mayLeaveOut(error: unknown): Promise<boolean> {
    const { storage, topic, onDamage } = this.#options
    return onDamage !== undefined && (await isOfOneObject(storage, topic, error))
  }

  async *#salvage(): AsyncGenerator<BackupChunk, void, undefined> {
    try {
      yield* this.#salvaged()
    } catch (error) {
      await this.#leaveOut(error, { from: 0, to: this.#entry.bytes })
    }
  }

  async *#salvaged(): AsyncGenerator<BackupChunk, void, undefined> {
    const onDamage = this.#options.onDamage ?? (() => {})
    const parts = salvagedChunks(this.#options.storage, this.#key, {
      ...this.#call,
      onDamage,
    })
    for await (const { facts, raw, place, isAborted } of parts) {
      const { partition } = facts
      if (facts.kind !== 'batches' || !this.#spans.has(partition)) continue
      const chunk = { partition, raw, place, span: this.#spanOf(facts), isAborted }
      const batches = batchesOfChunk(chunk, this.#selection.window, onDamage)
      yield { partition, memory: raw, batches }
    }
  }

  #isWanted({ kind, partition, from, next, maxTimestamp, minTimestamp }: ChunkTableEntry): boolean {
    const span = this.#spans.get(partition)
    if (kind !== 'batches' || span === undefined || maxTimestamp === null) return false
    if (from >= span.next || next <= span.from) return false
    return shareInWindow(this.#selection.window, [minTimestamp, maxTimestamp]) !== 'none'
  }

  /** Returns the offsets that both the index and the chunk cover. */
  #spanOf({ partition, from, next }: Span & { readonly partition: number }): Span {
    const wanted = this.#spans.get(partition) ?? { from, next }
    return { from: Math.max(wanted.from, from), next: Math.min(wanted.next, next) }
  }

  /**
   * Whether the segment is of this topic and incarnation. An intact segment under the name of
   * another one, or in its folder, is damage.
   */
  #belongsHere({ topic, incarnation }: SegmentHeader): boolean {
    if (topic === this.#options.topic && incarnation === this.#entry.in) return true
    return this.#report({
      key: this.#key,
      from: 0,
      to: this.#entry.bytes,
      reason: `it is of incarnation ${incarnation} of topic "${topic}"`,
    })
  }

  /**
   * Reports a segment that is missing. If the index still names it, that is damage; otherwise it
   * was deleted after the index was read. If damage may be left out, both are left out.
   */
  async #judgeAbsence(cause: KanneryError): Promise<'nothing'> {
    const place = { key: this.#key, from: 0, to: this.#entry.bytes }
    if (await this.#isStillNamed()) this.#report({ ...place, reason: cause.message })
    else if (this.#options.onDamage === undefined) {
      throw deletedMeanwhile(this.#options.topic, [this.#key])
    } else this.#report({ ...place, reason: 'it was deleted while the backup was being read' })
    return 'nothing'
  }

  async #isStillNamed(): Promise<boolean> {
    const index = await readBackupIndex(this.#options)
    for await (const { id, state } of segmentEntries(this.#options.storage, index)) {
      if (id === this.#entry.id && state === undefined) return true
    }
    return false
  }

  #report(damage: Damage): false {
    const { onDamage } = this.#options
    if (onDamage === undefined) throw corrupt(damage)
    onDamage(damage)
    return false
  }

  get #call(): CallOptions {
    const { signal } = this.#options
    return signal === undefined ? {} : { signal }
  }

  get #reading(): ReadChunksOptions {
    const { onDamage, allocate } = this.#options
    return {
      ...this.#call,
      onDamage,
      allocate,
    }
  }
}
