import {
  type Clock,
  type KanneryError,
  type ObjectKey,
  objectKey,
  type StorageBackend,
} from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import {
  FaultyStorage,
  MemoryStorage,
  type MemoryStorageOptions,
  type SeededRandom,
  seededRandom,
  TestClock,
} from '@kannery/storage-testkit'
import { nextOffsets } from '../src/index-file/coverage.ts'
import { editIndex } from '../src/index-file/edit-index.ts'
import type { CoveredRange, Gap, Index, SegmentEntry } from '../src/index-file/format/model.ts'
import { segmentEntries } from '../src/index-file/pages/pages.ts'
import { readIndex } from '../src/index-file/read-index.ts'
import type { TailLimits } from '../src/index-file/roll.ts'
import { UlidSource } from '../src/ulid/ulid.ts'
import type { NewIncarnation } from '../src/writing/new-incarnation.ts'
import { Worker, type WorkerOptions } from '../src/writing/worker.ts'
import type { WriterSession } from '../src/writing/writer-session.ts'

export const seconds = (count: number): number => 1000 * count
export const minutes = (count: number): number => 60_000 * count
export const days = (count: number): number => 86_400_000 * count

export const cluster = 'cluster-one'

/** A topic as it is at its source. */
export function incarnation(partitions: number, topicId = 'topic-id'): NewIncarnation {
  return { topicId, partitions, start: {}, config: { 'cleanup.policy': 'delete' }, effective: {} }
}

export interface WorldOptions {
  readonly seed?: number
  readonly storage?: Omit<MemoryStorageOptions, 'clock'>
  /** Answers have the storage's time, as those of a cloud do. */
  readonly answersHaveTime?: boolean
  /** Of the workers. Defaults to those of the product. */
  readonly tailLimits?: TailLimits | undefined
  /**
   * Called for each object that process `name` stored, in the order in which the storage took them.
   */
  readonly onStored?: (name: string, key: ObjectKey, body: Uint8Array) => void
  /** Called for each object that process `name` deleted, with what it was. */
  readonly onDeleted?: (name: string, key: ObjectKey, body: Uint8Array) => void
}

/**
 * One storage, and processes that share it. Each has its own way to the storage, on which things
 * can go wrong.
 */
export class World {
  readonly clock = new TestClock()
  readonly random: SeededRandom
  readonly memory: MemoryStorage
  /** Warnings of the workers. */
  readonly warnings: KanneryError[] = []
  readonly #answersHaveTime: boolean
  readonly tailLimits: TailLimits | undefined
  readonly #watch: Pick<WorldOptions, 'onStored' | 'onDeleted'>
  readonly #ways = new Map<string, FaultyStorage>()

  constructor(options: WorldOptions = {}) {
    const { seed = 1, storage = {}, answersHaveTime = false } = options
    this.random = seededRandom(seed)
    this.memory = MemoryStorage.open({ clock: this.clock, ...storage })
    this.#answersHaveTime = answersHaveTime
    this.tailLimits = options.tailLimits
    this.#watch = options
  }

  /** The way of process `name` to the storage: plan its faults, count its calls. */
  way(name: string): FaultyStorage {
    const existing = this.#ways.get(name)
    if (existing !== undefined) return existing
    const watched = reporting(this.memory.anotherHandle(), {
      onStored: (key, body) => this.#watch.onStored?.(name, key, body),
      onDeleted: (key, body) => this.#watch.onDeleted?.(name, key, body),
    })
    const inner = this.#answersHaveTime ? answeringTime(watched, this.clock) : watched
    const way = new FaultyStorage(inner, { clock: this.clock })
    this.#ways.set(name, way)
    return way
  }

  /** As the work has it: with retries, and no answer lost that could be found. */
  storage(name: string, clock: Clock = this.clock): StorageBackend {
    return decorate(this.way(name), { clock, random: this.random.fork() })
  }

  async worker(name: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    return await Worker.start({
      storage: this.storage(name, options.clock),
      clock: this.clock,
      random: this.random.fork(),
      description: `"${name}"`,
      tailLimits: this.tailLimits,
      onWarning: (warning) => this.warnings.push(warning),
      ...options,
    })
  }

  /**
   * A worker that has acquired `topic`, with `partitions` partitions from 0 on if the topic is new.
   */
  async writer(name: string, topic = 'orders', partitions = 1): Promise<WriterSession> {
    const session = await (await this.worker(name)).acquire(topic, { cluster })
    if (session.index.incarnations.length === 0)
      await session.beginIncarnation(incarnation(partitions))
    return session
  }

  /** From now on no request of process `name` gets anywhere. What it has done stays. */
  crash(name: string): void {
    this.way(name).faults.clear()
    this.way(name).faults.onCall(() => ({ kind: 'hang', applied: false }))
  }

  async pass(milliseconds: number): Promise<void> {
    await this.clock.pass(milliseconds)
  }

  /** Moves time on until `promise` is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    return await this.clock.passUntil(promise)
  }

  has(key: string): boolean {
    return this.bytes(key) !== undefined
  }

  bytes(key: string): Uint8Array | undefined {
    return this.memory.peek(objectKey(key))
  }

  /** What lies in the storage, but for the segments. */
  keys(): string[] {
    return this.memory.keys().filter((key) => !key.endsWith('.kan'))
  }

  text(key: string): string {
    const bytes = this.bytes(key)
    if (bytes === undefined) throw new Error(`no ${key} among ${this.keys().join(', ')}`)
    return Buffer.from(bytes).toString()
  }

  /** What a person does by hand. */
  async remove(...keys: string[]): Promise<void> {
    for (const key of keys) await this.memory.delete(objectKey(key))
  }

  async replace(key: string, text: string | Uint8Array): Promise<void> {
    await this.memory.put(objectKey(key), Buffer.from(text), { condition: { kind: 'overwrite' } })
  }

  async removeFolder(topic: string): Promise<void> {
    await this.remove(...this.memory.keys().filter((key) => key.startsWith(`${topic}/`)))
  }

  /** Adds a hold to the index, as a person does. */
  async hold(name: string, topic = 'orders'): Promise<void> {
    const ids = new UlidSource({ clock: this.clock, random: this.random.fork() })
    const edit = (index: Index): Index => ({ ...index, holds: [...index.holds, { name }] })
    await editIndex(this.memory, topic, { ids, edit })
  }

  async holds(topic = 'orders'): Promise<readonly unknown[] | undefined> {
    return (await readIndex(this.memory, topic))?.index.holds.map(({ name }) => name)
  }

  async epoch(topic = 'orders'): Promise<number | undefined> {
    return (await readIndex(this.memory, topic))?.index.epoch
  }

  /** By partition: the ranges that a restore would find, in the index's order. */
  async restorable(topic = 'orders'): Promise<Record<number, [number, number][]>> {
    const found: Record<number, [number, number][]> = {}
    const stored = await readIndex(this.memory, topic)
    if (stored === undefined) return found
    for await (const { offsets } of segmentEntries(this.memory, stored.index)) {
      for (const [partition, [from, next]] of Object.entries(offsets)) {
        found[Number(partition)] = [...(found[Number(partition)] ?? []), [from, next]]
      }
    }
    return found
  }

  async next(topic = 'orders'): Promise<Record<number, number>> {
    const stored = await readIndex(this.memory, topic)
    const current = stored?.index.incarnations.at(-1)
    if (stored === undefined || current === undefined) return {}
    return Object.fromEntries(await nextOffsets(this.memory, stored.index, current.n))
  }
}

/**
 * Returns an entry for a segment with these offsets, under a new id of `session`. The object itself
 * does not exist.
 */
export function captured(
  session: WriterSession,
  offsets: Record<number, readonly [from: number, next: number]>,
): { readonly segment: SegmentEntry } {
  const n = session.index.incarnations.at(-1)?.n ?? 0
  return { segment: segment(session.newSegmentId(), offsets, n) }
}

export function segment(
  id: SegmentEntry['id'],
  offsets: Record<number, readonly [from: number, next: number]>,
  n = 0,
): SegmentEntry {
  const ranges = Object.entries(offsets).map(
    ([partition, [from, next]]): [string, CoveredRange] => [partition, [from, next, 0]],
  )
  return {
    id,
    in: n,
    bytes: 1000,
    digest: 'crc32c:00000000',
    records: ranges.reduce((sum, [, [from, next]]) => sum + next - from, 0),
    offsets: Object.fromEntries(ranges),
    time: [1_763_881_201_001, 1_763_881_499_120],
    captured: ['2026-11-23T07:00:00.000Z', '2026-11-23T07:05:00.000Z'],
    maxBatchBytes: 1000,
    flags: [],
    expires: null,
  }
}

export function gap(partition: number, from: number, next: number, n = 0): Gap {
  const noticed = '2026-11-23T07:00:00.000Z'
  return { in: n, partition, offsets: [from, next], reason: 'retention', noticed }
}

/** Reports which objects the storage stored and deleted. */
function reporting(
  storage: MemoryStorage,
  report: {
    readonly onStored: (key: ObjectKey, body: Uint8Array) => void
    readonly onDeleted: (key: ObjectKey, body: Uint8Array) => void
  },
): StorageBackend {
  const put: StorageBackend['put'] = async (key, body, options) => {
    const stored = await storage.put(key, body, options)
    report.onStored(key, body)
    return stored
  }
  const remove: StorageBackend['delete'] = async (key, options) => {
    const info = await storage.head(key)
    const before = storage.peek(key)
    await storage.delete(key, options)
    // Where a condition did not hold any more and no object existed, another process deleted it.
    const ours = options?.ifVersion === undefined || options.ifVersion === info?.version
    if (before !== undefined && ours) report.onDeleted(key, before)
  }
  return new Proxy<StorageBackend>(storage, {
    get(target, name) {
      if (name === 'put') return put
      if (name === 'delete') return remove
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/**
 * Heads, gets and puts answer with the time, as by the `Date` of an HTTP answer: in whole seconds.
 */
function answeringTime(inner: StorageBackend, clock: Clock): StorageBackend {
  const answeredAt = (): Date => new Date(clock.now() - (clock.now() % 1000))
  return new Proxy<StorageBackend>(inner, {
    get(target, property) {
      if (property === 'head') {
        return async (...request: Parameters<StorageBackend['head']>) => {
          const info = await target.head(...request)
          return info && { ...info, answeredAt: answeredAt() }
        }
      }
      if (property === 'get') {
        return async (...request: Parameters<StorageBackend['get']>) => {
          const reader = await target.get(...request)
          return Object.assign(reader, { info: { ...reader.info, answeredAt: answeredAt() } })
        }
      }
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
