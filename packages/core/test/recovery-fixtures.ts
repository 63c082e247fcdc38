import type { SegmentEntry } from '../src/index-file/format/model.ts'
import { topicKeys } from '../src/layout/keys.ts'
import type { RecoverySource } from '../src/recovery/adoption.ts'
import type { SegmentHeader } from '../src/segment/format/segment-header.ts'
import { SegmentWriter } from '../src/segment/writer.ts'
import type { WriterSession } from '../src/writing/writer-session.ts'
import { cluster, minutes, World } from './fixtures.ts'
import { encode, facts } from './segments.ts'

export type Offsets = Readonly<
  Record<number, readonly [from: number, next: number, leaderEpoch?: number]>
>

/** Uploads a real segment in the name of `session`, and says what its writer would commit. */
export async function upload(
  world: World,
  session: WriterSession,
  offsets: Offsets,
  changes: Partial<SegmentHeader> = {},
): Promise<SegmentEntry> {
  const id = session.newSegmentId()
  const current = session.index.incarnations.at(-1)
  const header: SegmentHeader = {
    format: 1,
    requires: { read: [], write: [] },
    topic: session.topic,
    topicId: current?.topicId ?? 'topic-id',
    cluster,
    incarnation: current?.n ?? 0,
    segment: id,
    epoch: session.epoch,
    createdAt: '2026-11-23T07:00:00.000Z',
    writer: session.writer,
    ...changes,
  }
  const key = topicKeys(session.topic).segment(id)
  await using output = await world.memory.openWriter(key, { condition: { kind: 'if-absent' } })
  const writer = new SegmentWriter(output, header)
  for (const [partition, [from, next, leaderEpoch = 0]] of Object.entries(offsets)) {
    const raw = Buffer.from(`records ${from} to ${next} of ${partition}`)
    const chunk = facts({ partition: Number(partition), from, next, leaderEpoch })
    await writer.append(await encode({ facts: chunk, raw }))
  }
  const { captured: fetched, ...sealed } = await writer.finish({ aborted: [] })
  await output.commit()
  const [first, last] = (fetched ?? [0, 0]).map((at) => new Date(at).toISOString())
  return {
    ...sealed,
    id,
    in: header.incarnation,
    captured: [first ?? '', last ?? ''],
    expires: null,
  }
}

/** Kafka: keeps what is not `lost`, and agrees with everything by default. */
export function source(
  options: { lost?: Record<number, number>; topicId?: string; agrees?: boolean } = {},
): RecoverySource & { readonly asked: string[] } {
  const { lost = {}, topicId = 'topic-id', agrees = true } = options
  const asked: string[] = []
  return {
    topicId,
    asked,
    async canServe({ partition, from, next }) {
      asked.push(`serve ${partition} ${from}-${next}`)
      return from >= (lost[partition] ?? 0)
    },
    async agrees({ partition, next, leaderEpoch }) {
      asked.push(`agree ${partition} ${next} ${leaderEpoch}`)
      return agrees
    },
  }
}

/** "a" committed [0, 10), uploaded more, and died; "b" has acquired after it. */
export async function afterCrash(uploads: (world: World, dead: WriterSession) => Promise<unknown>) {
  const world = new World()
  const dead = await world.writer('a', 'orders', 2)
  await dead.commit({ segment: await upload(world, dead, { 0: [0, 10] }) })
  const left = await uploads(world, dead)
  world.crash('a')
  await world.pass(minutes(6))
  const session = await (await world.worker('b')).acquire('orders', { cluster })
  return { world, dead, session, left }
}

export const ids = (objects: readonly { readonly id: string }[]): string[] =>
  objects.map(({ id }) => id)
