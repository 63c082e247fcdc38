import type { SegmentEntry } from '../src/index-file/format/model.ts'
import { topicKeys } from '../src/layout/keys.ts'
import { entryOfWhole } from '../src/recovery/inspect-segment.ts'
import type { SegmentHeader } from '../src/segment/format/segment-header.ts'
import { openSegment } from '../src/segment/reader.ts'
import { SegmentWriter } from '../src/segment/writer.ts'
import type { WriterSession } from '../src/writing/writer-session.ts'
import { cluster, type World } from './fixtures.ts'
import { encode, facts } from './segments.ts'

export type Offsets = Readonly<Record<number, readonly [from: number, next: number]>>

/** Uploads a real segment with these offsets as `session` would; nothing is committed. */
export async function uploaded(
  world: World,
  session: WriterSession,
  offsets: Offsets,
  changes: Partial<SegmentHeader> = {},
): Promise<{ readonly segment: SegmentEntry }> {
  const { topic, epoch, writer, index } = session
  const current = index.incarnations.at(-1)
  const header: SegmentHeader = {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    topicId: current?.topicId ?? 'topic-id',
    cluster,
    incarnation: current?.n ?? 0,
    segment: session.newSegmentId(),
    epoch,
    createdAt: new Date(world.clock.now()).toISOString(),
    writer,
    ...changes,
  }
  const key = topicKeys(topic).segment(header.segment)
  const output = await world.memory.openWriter(key, { condition: { kind: 'if-absent' } })
  const segment = new SegmentWriter(output, header)
  for (const [partition, [from, next]] of Object.entries(offsets)) {
    const raw = Buffer.from(`records ${from} to ${next} of partition ${partition}`)
    const chunk = facts({ partition: Number(partition), from, next })
    await segment.append(await encode({ facts: chunk, raw }))
  }
  await segment.finish({ aborted: [] })
  await output.commit()
  const { footer } = await openSegment(world.memory, { key })
  const entry = await entryOfWhole(world.memory, { key, id: header.segment, footer })
  if (entry === undefined) throw new Error(`${key} is damaged`)
  return { segment: entry }
}

/** The same, and committed. */
export async function stored(
  world: World,
  session: WriterSession,
  offsets: Offsets,
): Promise<SegmentEntry> {
  const change = await uploaded(world, session, offsets)
  await session.commit(change)
  return change.segment
}
