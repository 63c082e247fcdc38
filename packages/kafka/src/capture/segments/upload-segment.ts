import type { SegmentEntry } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import {
  type EncodedChunk,
  isChangedInMemory,
  type SealedSegment,
  type SegmentHeader,
  SegmentWriter,
} from '@kannery/core/segment'
import type { Ulid } from '@kannery/core/ulid'
import { type Clock, KanneryError, type StorageBackend } from '@kannery/storage'
import type { Uploads } from '../memory/worker-memory.ts'
import { explainDamage } from './damaged-chunk.ts'
import type { OpenSegment } from './open-segment.ts'

/** Where a segment goes, and what its header says. */
interface SegmentDestination {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly uploads: Uploads
  /** Header fields that are the same in all segments of a session. */
  readonly header: Omit<SegmentHeader, 'segment' | 'createdAt'>
  /** Makes the next segment's id. Ids only grow. */
  readonly newSegmentId: () => Ulid
}

const attempts = 5
const firstBackoffMs = 1000

/**
 * Uploads a segment and returns its entry for the index. When it is unknown whether an upload
 * succeeded, or the storage wants the bytes again, its id is abandoned and the same chunks go into
 * another object: no object is ever written twice.
 *
 * @throws STORAGE_* when it cannot be stored after some attempts; KAFKA_DATA_CORRUPT when a batch
 *   is not what its producer wrote; INTERNAL when memory changed.
 */
export async function uploadSegment(
  destination: SegmentDestination,
  segment: OpenSegment,
): Promise<SegmentEntry> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await destination.uploads.slots.run(() => writeSegment(destination, segment))
    } catch (error) {
      if (attempt === attempts || !isWorthAnotherObject(error)) throw error
      await destination.clock.sleep(firstBackoffMs * 2 ** (attempt - 1))
    }
  }
}

async function writeSegment(
  { storage, clock, header, uploads, newSegmentId }: SegmentDestination,
  segment: OpenSegment,
): Promise<SegmentEntry> {
  const id = newSegmentId()
  const key = topicKeys(header.topic).segment(id)
  await using output = await storage.openWriter(key, {
    condition: { kind: 'if-absent' },
    maxBufferedBytes: uploads.writerBytes,
  })
  const createdAt = new Date(clock.now()).toISOString()
  const writer = new SegmentWriter(output, { ...header, segment: id, createdAt })
  for (const { encoded } of segment.chunks) await append(writer, encoded)
  const sealed = await writer.finish({ aborted: segment.aborted() })
  await output.commit()
  return entryOf(id, header.incarnation, sealed, segment.visibleRecords)
}

/** Without compression, the stored bytes are batches, and it can be said which one is damaged. */
async function append(writer: SegmentWriter, chunk: EncodedChunk): Promise<void> {
  try {
    await writer.append(chunk)
  } catch (error) {
    if (!isChangedInMemory(error) || chunk.codec !== 'none') throw error
    throw explainDamage(error, chunk.stored, chunk.facts.partition)
  }
}

function entryOf(
  id: Ulid,
  incarnation: number,
  sealed: SealedSegment,
  visible: number,
): SegmentEntry {
  const { captured, ...facts } = sealed
  if (captured === null) throw new KanneryError('INTERNAL', 'a segment without chunks')
  const [first, last] = captured
  const mayDiffer = facts.flags.includes('transactional') || visible !== facts.records
  return {
    ...facts,
    ...(mayDiffer ? { visible } : {}),
    id,
    in: incarnation,
    captured: [new Date(first).toISOString(), new Date(last).toISOString()],
    expires: null,
  }
}

function isWorthAnotherObject(error: unknown): boolean {
  if (!KanneryError.is(error)) return false
  const another = ['STORAGE_OUTCOME_UNKNOWN', 'STORAGE_REWRITE_NEEDED', 'STORAGE_ALREADY_EXISTS']
  return another.includes(error.code) || error.retry !== 'never'
}
