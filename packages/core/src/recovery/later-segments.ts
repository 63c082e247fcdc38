import type { StorageBackend } from '@kannery/storage'
import type { Index } from '../index-file/format/model.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import { listUnnamed } from './candidates.ts'
import type { LeftoverFooters } from './leftover-footers.ts'

/**
 * Finds a segment that proves that the index is older than its folder: its writer had a later epoch
 * than the index, or wrote an incarnation that the index does not have. undefined when there is
 * none. Reads only segments that the index does not name.
 */
export async function findLaterSegment(
  storage: StorageBackend,
  index: Index,
  leftovers: LeftoverFooters,
): Promise<SegmentHeader | undefined> {
  const { objects } = await listUnnamed(storage, index)
  for await (const { inspected } of leftovers.read(objects, index)) {
    if (inspected.kind === 'readable' && isLater(inspected.footer.header, index)) {
      return inspected.footer.header
    }
  }
  return undefined
}

/** A writer raises the epoch, and begins the incarnation, in the index before its first upload. */
function isLater(header: SegmentHeader, { epoch, incarnations }: Index): boolean {
  return header.epoch > epoch || !incarnations.some(({ n }) => n === header.incarnation)
}
