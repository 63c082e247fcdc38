import { topicKeys } from '../src/layout/keys.ts'
import { rebuildIndex } from '../src/rebuild/rebuild-index.ts'
import type { Retention } from '../src/retention/retention.ts'
import type { Ulid } from '../src/ulid/ulid.ts'
import type { WriterSession } from '../src/writing/writer-session.ts'
import { World } from './fixtures.ts'
import { stored } from './stored-segments.ts'

const keys = topicKeys('orders')
export const keep: Retention = { kind: 'keep' }

/** A backup of two partitions, and of three segments. */
export async function backup(): Promise<{ readonly world: World; readonly writer: WriterSession }> {
  const world = new World()
  const writer = await world.writer('a', 'orders', 2)
  await stored(world, writer, { 0: [0, 10], 1: [0, 5] })
  await stored(world, writer, { 0: [10, 20] })
  await stored(world, writer, { 0: [20, 30], 1: [5, 6] })
  return { world, writer }
}

export async function rebuild(world: World, retention = keep, name = 'rebuilder') {
  const storage = world.storage(name)
  await using worker = await world.worker(name, { storage })
  return await rebuildIndex('orders', { storage, worker, retention })
}

export function damage(world: World, id: Ulid, at: (size: number) => number): Promise<void> {
  const key = keys.segment(id)
  const bytes = Buffer.from(world.memory.contents().get(key) ?? [])
  const position = at(bytes.length)
  bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position)
  return world.replace(key, bytes)
}
