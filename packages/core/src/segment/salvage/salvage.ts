import type { CallOptions, ObjectKey, StorageBackend } from '@kannery/storage'
import { type SalvagePart, scanSegment } from './scan.ts'
import { tryOpen } from './try-open.ts'

/**
 * Every chunk of a segment that is whole, and what is not, in the order in which they lie there: by
 * the footer's table, or, where the footer is damaged, by what chunks look like. What only a footer
 * knows — the aborted ranges above all — is then lost: whoever uses such chunks derives it from the
 * control batches in them.
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
      yield { kind: 'chunk', chunk: { position: entry.position, facts, raw } }
    }
  }
}
