import { type Index, segmentEntries } from '@kannery/core'
import type { BackupBatch } from './backup-batch.ts'
import { openBackup, type ReadOptions } from './backup-source.ts'
import { type BackupChunk, unlessDamaged } from './chunk-batches.ts'
import { explainMissing } from './deleted-meanwhile.ts'
import { SegmentPass } from './segment-pass.ts'
import { type Choice, type Selection, SpanWalk, select } from './segment-spans.ts'

export interface ReadTopicOptions extends ReadOptions, Choice {}

/**
 * The records of a topic's backup, batch by batch: those that were committed, that the index
 * covers, and that lie in the window; in each partition in the order of their offsets, each once.
 * Reads the index, and of the segments only the chunks that may hold something, one at a time.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic, CONFIG_INVALID for a partition or
 *   incarnation that it does not have, DATA_CORRUPT naming object and bytes, RESTORE_INCOMPLETE
 *   naming what was deleted before it was read.
 */
export async function* readTopic(
  options: ReadTopicOptions,
): AsyncGenerator<BackupBatch, void, undefined> {
  const index = await openBackup(options)
  const selection = select(index, options)
  for await (const { batches } of readChunks(options, index, selection)) {
    for (const batch of batches) {
      const records = unlessDamaged(options.onDamage, () => batch.records())
      if (records !== undefined) yield { ...batch, records: () => records }
    }
  }
}

/** As {@link readTopic}, with the memory that batches share, and before any record was decoded. */
export async function* readChunks(
  options: ReadOptions,
  index: Index,
  selection: Selection,
): AsyncGenerator<BackupChunk, void, undefined> {
  const walk = new SpanWalk(selection)
  try {
    for await (const entry of segmentEntries(options.storage, index)) {
      const wanted = walk.next(entry)
      if (wanted !== undefined) yield* new SegmentPass(options, selection, wanted).chunks()
    }
  } catch (error) {
    throw await explainMissing(error, options, { index, selection })
  }
}
