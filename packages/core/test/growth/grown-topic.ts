import { encodeIndex } from '../../src/index-file/format/index-document.ts'
import type { Index, SegmentEntry } from '../../src/index-file/format/model.ts'
import { readIndex } from '../../src/index-file/read-index.ts'
import { pageEntries, rollPages } from '../../src/index-file/roll.ts'
import { topicKeys } from '../../src/layout/keys.ts'
import { UlidSource } from '../../src/ulid/ulid.ts'
import { segment, type World } from '../fixtures.ts'

export interface Growth {
  readonly segments: number
  readonly partitions: number
}

/** What a full segment of a busy topic covers of each partition. */
const recordsEach = 81_234

/**
 * The entry of the segment that came after `at` others, each of which covered as much of every
 * partition.
 */
export function entryAt(id: SegmentEntry['id'], at: number, partitions: number): SegmentEntry {
  const offsets = Object.fromEntries(
    Array.from({ length: partitions }, (_, partition) => [
      partition,
      [at * recordsEach, (at + 1) * recordsEach] as const,
    ]),
  )
  const first = Date.UTC(2026, 0, 1) + at * 60_000
  const captured = [new Date(first).toISOString(), new Date(first + 59_000).toISOString()] as const
  return {
    ...segment(id, offsets),
    bytes: 104_857_600,
    records: recordsEach * partitions,
    time: [first, first + 59_000],
    captured,
    maxBatchBytes: 1_048_576,
    expires: new Date(first + 30 * 86_400_000).toISOString(),
  }
}

/**
 * Makes the backup of `topic` as large as if every segment had been committed: the pages that the
 * commits would have made, by the code that makes them, but only the last index. The segments
 * themselves are not there.
 */
export async function growTopic(world: World, topic: string, growth: Growth): Promise<void> {
  const { segments, partitions } = growth
  const session = await world.writer('grower', topic, partitions)
  await session.release()
  const stored = await readIndex(world.memory, topic)
  if (stored === undefined) throw new Error('the index was just made')
  const { epoch, writer, commit } = stored.index
  const ids = new UlidSource({ clock: world.clock, random: world.random.fork() })
  const pages = { storage: world.memory, topic, epoch, writer, newId: () => ids.next(commit) }
  // As many at once as a page takes leave the same pages as one by one, unless it is their bytes
  // that are too many.
  const step = partitions === 1 ? pageEntries : 1
  let index: Index = stored.index
  for (let at = 0; at < segments; at += step) {
    const added = Array.from({ length: Math.min(step, segments - at) }, (_, more) =>
      entryAt(ids.next(commit), at + more, partitions),
    )
    index = await rollPages({ ...index, segments: [...index.segments, ...added] }, pages)
  }
  await world.replace(topicKeys(topic).index, encodeIndex({ ...index, commit: ids.next(commit) }))
}
