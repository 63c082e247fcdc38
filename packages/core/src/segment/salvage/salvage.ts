import type { CallOptions, ObjectKey, StorageBackend } from '@kannery/storage'
import { type SalvagePart, scanSegment } from './scan.ts'
import { tryOpen } from './try-open.ts'

/**
 * Reads every whole chunk of a segment, and reports the damage between them, in the order of the
 * object. Chunks are found by the footer's table, or, where the footer is damaged, by their magic
 * bytes. In that case the aborted ranges, which only a footer knows, are lost: the caller derives
 * them from the control batches in the chunks.
 *
 * @throws DATA_VERSION_UNSUPPORTED; STORAGE_*; never DATA_CORRUPT
 */
export async function* salvageSegment(
  storage: StorageBackend,
  key: ObjectKey,
  options: CallOptions = {},
): AsyncGenerator<SalvagePart, void, undefined> {
  const opened = await tryOpen(storage, key, options)
  if (opened.kind === 'damaged') {
    yield* scanSegment(opened.window, key, opened.damage.reason)
    return
  }
  for await (const part of opened.reader.examine(opened.reader.footer.chunks, options)) {
    if (part.kind === 'damage') {
      yield part
    } else {
      const { entry, facts, raw } = part.chunk
      const { position, storedLength } = entry
      yield { kind: 'chunk', chunk: { position, storedLength, facts, raw } }
    }
  }
}
