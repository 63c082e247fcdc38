import { type Index, type SegmentEntry, segmentEntries } from '@kannery/core/index-file'
import type { StorageBackend } from '@kannery/storage'
import type { BackupBatch } from './backup-batch.ts'
import { type BackupSource, type ChunkReading, readBackupIndex } from './backup-source.ts'
import { type BackupChunk, unlessDamaged } from './chunk-batches.ts'
import { explainMissing } from './deleted-meanwhile.ts'
import { SegmentPass } from './segment-pass.ts'
import { SpanWalk } from './segment-spans.ts'
import { type Choice, type Selection, select } from './selection.ts'

/**
 * Reads the backup of one topic: the selected records that were committed and that the index
 * covers. In each partition they come in offset order, each once. Only the chunks that may hold
 * such records are read, one at a time, and again on every call.
 */
export class BackupReader {
  /** The index as it was when the reader was opened. */
  readonly index: Index
  readonly #source: BackupSource

  private constructor(source: BackupSource, index: Index) {
    this.#source = source
    this.index = index
  }

  /**
   * Opens the backup of `topic`: reads its index.
   *
   * @throws STORAGE_NOT_FOUND if there is no backup of the topic; INDEX_* if its index is lost,
   *   damaged or of a newer version; STORAGE_*.
   */
  static async open(
    storage: StorageBackend,
    topic: string,
    { signal }: Pick<BackupSource, 'signal'> = {},
  ): Promise<BackupReader> {
    const source = { storage, topic, signal }
    return new BackupReader(source, await readBackupIndex(source))
  }

  get topic(): string {
    return this.#source.topic
  }

  /**
   * Finds in the index what was chosen.
   *
   * @throws CONFIG_INVALID if the backup does not have the incarnation or one of the partitions;
   *   STORAGE_NOT_FOUND before anything was backed up.
   */
  select(choice: Choice): Selection {
    return select(this.index, choice)
  }

  /**
   * Yields all segments that the index names, of every incarnation and in every state, in the order
   * of their commits. Reads the index's pages as it goes.
   */
  segments(): AsyncGenerator<SegmentEntry, void, undefined> {
    return segmentEntries(this.#source.storage, this.index)
  }

  /**
   * Yields the selected batches, chunk by chunk, before any record is decoded.
   *
   * @throws DATA_CORRUPT that names object and bytes, unless there is an `onDamage`;
   *   RESTORE_INCOMPLETE that names what was deleted before it was read; STORAGE_*.
   */
  async *chunks(
    selection: Selection,
    reading: ChunkReading = {},
  ): AsyncGenerator<BackupChunk, void, undefined> {
    const walk = new SpanWalk(selection)
    try {
      for await (const entry of this.segments()) {
        const wanted = walk.next(entry)
        if (wanted === undefined) continue
        yield* new SegmentPass({ ...this.#source, ...reading }, selection, wanted).chunks()
      }
    } catch (error) {
      throw await explainMissing(error, this.#source, { index: this.index, selection })
    }
  }

  /** Yields the batches of {@link chunks}, decoded. A batch that cannot be decoded is damage. */
  async *batches(
    selection: Selection,
    reading: ChunkReading = {},
  ): AsyncGenerator<BackupBatch, void, undefined> {
    for await (const { batches } of this.chunks(selection, reading)) {
      for (const batch of batches) {
        const records = unlessDamaged(reading.onDamage, () => batch.records())
        if (records !== undefined) yield { ...batch, records: () => records }
      }
    }
  }
}
