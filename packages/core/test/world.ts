import type { KanneryError, StorageBackend } from '@kannery/storage'
import {
  MemoryStorage,
  type MemoryStorageOptions,
  seededRandom,
  TestClock,
} from '@kannery/storage-testkit'
import {
  type CoveredRange,
  type Gap,
  nextOffsets,
  readIndex,
  type SegmentEntry,
  segmentEntries,
  topicKeys,
  Worker,
  type WorkerOptions,
  type WriterSession,
} from '../src/index.ts'

export const seconds = (count: number): number => 1000 * count
export const minutes = (count: number): number => 60_000 * count
export const days = (count: number): number => 86_400_000 * count

export const cluster = 'cluster-one'

/** What a writer of `topic` gives for a topic with this many partitions. */
export function incarnation(
  partitions: number,
  topicId = 'topic-id',
): Parameters<WriterSession['beginIncarnation']>[0] {
  return { topicId, partitions, start: {}, config: { 'cleanup.policy': 'delete' }, effective: {} }
}

/** A storage in memory, a clock that tests move, and workers that share both. */
export class World {
  readonly clock = new TestClock()
  readonly random
  readonly memory: MemoryStorage
  readonly warnings: KanneryError[] = []
  readonly #workers: Worker[] = []

  constructor(options: { seed?: number; storage?: Omit<MemoryStorageOptions, 'clock'> } = {}) {
    this.random = seededRandom(options.seed ?? 1)
    this.memory = MemoryStorage.open({ clock: this.clock, ...options.storage })
  }

  async worker(name: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const worker = await Worker.start({
      storage: this.memory.anotherHandle(),
      clock: this.clock,
      random: this.random.fork(),
      description: `"${name}"`,
      onWarning: (warning) => this.warnings.push(warning),
      ...options,
    })
    this.#workers.push(worker)
    return worker
  }

  /** A worker that has acquired `topic`, which has `partitions` partitions from 0 on. */
  async writer(name: string, topic = 'orders', partitions = 1): Promise<WriterSession> {
    const session = await (await this.worker(name)).acquire(topic, { cluster })
    if (session.index.incarnations.length === 0)
      await session.beginIncarnation(incarnation(partitions))
    return session
  }

  async pass(milliseconds: number): Promise<void> {
    await this.clock.pass(milliseconds)
  }

  /** Names of what lies in the storage. */
  keys(): string[] {
    return [...this.memory.contents().keys()]
  }

  text(key: string): string {
    for (const [found, bytes] of this.memory.contents()) {
      if (found === key) return Buffer.from(bytes).toString()
    }
    throw new Error(`no ${key} in ${this.keys().join(', ')}`)
  }

  /** By partition: the ranges that a restore would find, in the index's order. */
  async restorable(
    topic: string,
    storage: StorageBackend = this.memory,
  ): Promise<Record<number, [number, number][]>> {
    const found: Record<number, [number, number][]> = {}
    const stored = await readIndex(storage, topic)
    if (stored === undefined) return found
    for await (const { offsets } of segmentEntries(storage, stored.index)) {
      for (const [partition, [from, next]] of Object.entries(offsets)) {
        found[Number(partition)] = [...(found[Number(partition)] ?? []), [from, next]]
      }
    }
    return found
  }

  async next(topic: string): Promise<Record<number, number>> {
    const stored = await readIndex(this.memory, topic)
    if (stored === undefined) return {}
    const n = stored.index.incarnations.at(-1)?.n ?? 0
    return Object.fromEntries(await nextOffsets(this.memory, stored.index, n))
  }
}

/** Uploads a segment's object (core never looks into it) and says what an index tells of it. */
export async function upload(
  storage: StorageBackend,
  session: WriterSession,
  offsets: Record<number, readonly [from: number, next: number]>,
): Promise<SegmentEntry> {
  const id = session.newSegmentId()
  const body = Buffer.from(`segment ${id}`)
  await storage.put(topicKeys(session.topic).segment(id), body, {
    condition: { kind: 'if-absent' },
  })
  return segment(id, offsets, session.index.incarnations.at(-1)?.n)
}

export function segment(
  id: SegmentEntry['id'],
  offsets: Record<number, readonly [from: number, next: number]>,
  n = 0,
): SegmentEntry {
  const ranges: [string, CoveredRange][] = Object.entries(offsets).map(
    ([partition, [from, next]]) => [partition, [from, next, 0]],
  )
  return {
    id,
    in: n,
    bytes: 1000,
    digest: 'crc32c:00000000',
    records: Object.values(offsets).reduce((sum, [from, next]) => sum + next - from, 0),
    offsets: Object.fromEntries(ranges),
    time: [1_763_881_201_001, 1_763_881_499_120],
    captured: ['2026-11-23T07:00:00.000Z', '2026-11-23T07:05:00.000Z'],
    maxBatchBytes: 1000,
    flags: [],
    expires: null,
  }
}

export function gap(partition: number, from: number, next: number): Gap {
  return {
    in: 0,
    partition,
    offsets: [from, next],
    reason: 'retention',
    noticed: '2026-11-23T07:00:00.000Z',
  }
}
