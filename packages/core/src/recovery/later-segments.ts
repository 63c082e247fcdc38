import type { StorageBackend } from '@kannery/storage'
import type { Index } from '../index-file/format/model.ts'
import { topicKeys } from '../layout/keys.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'
import { listUnnamed } from './candidates.ts'
import { inspectSegment } from './inspect-segment.ts'

/**
 * Finds a segment that proves that the index is older than its folder: its writer had a later epoch
 * than the index, or wrote an incarnation that the index does not have. undefined when there is
 * none. Reads only segments that the index does not name.
 */
export async function findLaterSegment(
  storage: StorageBackend,
  index: Index,
): Promise<SegmentHeader | undefined> {
  const { segment } = topicKeys(index.topic)
  const { objects } = await listUnnamed(storage, index)
  for (const { kind, id } of objects) {
    if (kind !== 'segment') continue
    const inspected = await inspectSegment(storage, segment(id))
    if (inspected.kind !== 'readable') continue
    const { header } = inspected.footer
    if (isLater(header, index)) return header
  }
  return undefined
}

/** A writer raises the epoch, and begins the incarnation, in the index before its first upload. */
function isLater(header: SegmentHeader, { topic, cluster, epoch, incarnations }: Index): boolean {
  if (header.topic !== topic || header.cluster !== cluster) return false
  return header.epoch > epoch || !incarnations.some(({ n }) => n === header.incarnation)
}
