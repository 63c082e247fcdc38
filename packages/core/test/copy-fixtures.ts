import type { KanneryError, StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { FaultyStorage, MemoryStorage, type SeededRandom } from '@kannery/storage-testkit'
import { copyTopic, type TopicCopy } from '../src/copy/copy-topic.ts'
import { crc32c } from '../src/digest/crc32c.ts'
import { formatDigest } from '../src/digest/digest.ts'
import type { Index, SegmentEntry } from '../src/index-file/format/model.ts'
import { segmentEntries } from '../src/index-file/pages/pages.ts'
import { readIndex } from '../src/index-file/read-index.ts'
import { topicKeys } from '../src/layout/keys.ts'
import { Worker } from '../src/writing/worker.ts'
import type { WriterSession } from '../src/writing/writer-session.ts'
import { captured, World } from './fixtures.ts'

export const keys = topicKeys('orders')
const ifAbsent = { condition: { kind: 'if-absent' } } as const

/** A running backup of "orders" in one storage. */
export interface Source {
  readonly world: World
  /** Commits so many segments more. */
  grow(count: number): Promise<void>
  /** What the retention does, both steps: marks and deletes the oldest segments but `kept`. */
  prune(kept: number): Promise<void>
  /** What the retention does first. */
  expire(id: SegmentEntry['id']): Promise<void>
  entries(): Promise<SegmentEntry[]>
}

export async function startSource({ startsAfterMs = 0 } = {}): Promise<Source> {
  const world = new World()
  await world.pass(startsAfterMs)
  const random: SeededRandom = world.random.fork()
  const session = await world.writer('backup')
  let next = 0
  const mark = async (ids: readonly SegmentEntry['id'][], state: 'expired' | 'deleted') =>
    await session.changeEntries(new Set(ids), (entry) => ({ ...entry, state }))
  return {
    world,
    async grow(count) {
      for (let added = 0; added < count; added++, next += 10) {
        await commitSegment(session, world, { random, range: [next, next + 10] })
      }
    },
    async prune(kept) {
      const entries = await entriesIn(world.memory)
      const ids = entries.slice(0, Math.max(0, entries.length - kept)).map(({ id }) => id)
      await mark(ids, 'expired')
      for (const id of ids) await world.memory.delete(keys.segment(id))
      await mark(ids, 'deleted')
    },
    expire: async (id) => await mark([id], 'expired'),
    entries: async () => await entriesIn(world.memory),
  }
}

async function commitSegment(
  session: WriterSession,
  { memory }: World,
  given: { readonly random: SeededRandom; readonly range: readonly [number, number] },
): Promise<void> {
  const { segment } = captured(session, { 0: given.range })
  const bytes = given.random.bytes(200)
  await memory.put(keys.segment(segment.id), bytes, ifAbsent)
  const digest = formatDigest(crc32c(bytes))
  await session.commit({ segment: { ...segment, bytes: bytes.length, digest } })
}

/** A process that copies: its ways to both storages can be made to fail. */
export interface Copier {
  readonly source: FaultyStorage
  readonly target: FaultyStorage
  readonly warnings: KanneryError[]
  copy(): Promise<TopicCopy>
}

export function copier(from: Pick<Source, 'world'>, to: MemoryStorage): Copier {
  const { clock, random } = from.world
  const source = new FaultyStorage(from.world.memory.anotherHandle(), { clock })
  const target = new FaultyStorage(to.anotherHandle(), { clock })
  const warnings: KanneryError[] = []
  const decorated = (storage: StorageBackend) => decorate(storage, { clock, random: random.fork() })
  return {
    source,
    target,
    warnings,
    async copy() {
      const storage = decorated(target)
      await using worker = await Worker.start({
        storage,
        clock,
        random: random.fork(),
        description: 'a copy',
        onWarning: (warning) => warnings.push(warning),
      })
      return await copyTopic({
        source: decorated(source),
        target: storage,
        topic: 'orders',
        worker,
      })
    },
  }
}

export function secondStorage({ world }: Source): MemoryStorage {
  return MemoryStorage.open({ clock: world.clock })
}

export async function entriesIn(storage: StorageBackend): Promise<SegmentEntry[]> {
  const stored = await readIndex(storage, 'orders')
  return stored === undefined ? [] : await Array.fromAsync(segmentEntries(storage, stored.index))
}

export async function indexIn(storage: StorageBackend): Promise<Index | undefined> {
  return (await readIndex(storage, 'orders'))?.index
}

/**
 * Keys of segments that the index names as there, and that are not, or not whole. Throws where
 * index or pages cannot be read.
 */
export async function broken(storage: MemoryStorage): Promise<string[]> {
  const contents = storage.contents()
  const named = (await entriesIn(storage)).filter(({ state }) => state === undefined)
  return named
    .filter(({ id, digest }) => {
      const bytes = contents.get(keys.segment(id))
      return bytes === undefined || formatDigest(crc32c(bytes)) !== digest
    })
    .map(({ id }) => keys.segment(id))
}
