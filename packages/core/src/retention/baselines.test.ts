import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompactedTopic, type KeyedRecord } from '../../test/compacted-topic.ts'
import { days, incarnation, segment, World } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { restorableIncarnation } from '../index-file/baseline.ts'
import { nextOffsets } from '../index-file/coverage.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { type Ulid, UlidSource } from '../ulid/ulid.ts'
import type { WriterSession } from '../writing/writer-session.ts'
import { addPoint } from './points.ts'
import { markExpired } from './prune.ts'
import { parseRetention } from './retention.ts'

const topic = 'accounts'
const retention = parseRetention('30d')
const compacted = { config: {}, effective: { 'cleanup.policy': 'compact' } }

interface Restorable {
  readonly n: number
  readonly next: number
  /** By key, the last one. */
  readonly records: ReadonlyMap<string, KeyedRecord>
}

/**
 * A compacted topic of one partition, its backup with a retention of 30 days, and commands on both.
 */
class CompactedBackup {
  readonly world = new World()
  readonly topic = new CompactedTopic()
  readonly #contents = new Map<Ulid, readonly KeyedRecord[]>()
  #values = 0

  get #options() {
    const { clock, random } = this.world
    const ids = new UlidSource({ clock, random: random.fork() })
    return { storage: this.world.memory, clock, ids }
  }

  produce(key: string, isTombstone = false): void {
    this.topic.produce(key, isTombstone ? null : this.#values++)
  }

  /**
   * Tombstones stay until the current incarnation has read past them: that takes less than
   * delete.retention.ms.
   */
  async compact(): Promise<void> {
    const index = await this.index()
    const current = index?.incarnations.at(-1)
    const isRead = index !== undefined && current !== undefined
    this.topic.compact(isRead ? await this.#next(index, current.n) : 0)
  }

  /** At most so many offsets; a capture that gets to the end of the topic has caught up. */
  async backUp(atMost = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#write(async (session) => {
      if (session.index.incarnations.length === 0) {
        await session.beginIncarnation({ ...incarnation(1), ...compacted })
      }
      const from = session.nextOffsets().get(0) ?? 0
      const next = Math.min(from + atMost, this.topic.end)
      const caughtUp = next === this.topic.end ? [0] : []
      if (from === next) return await session.commit({ caughtUp })
      const n = session.index.incarnations.length - 1
      const entry = segment(session.newSegmentId(), { 0: [from, next] }, n)
      await this.world.replace(topicKeys(topic).segment(entry.id), 'its records are listed below')
      this.#contents.set(entry.id, this.topic.read(from, next))
      const at = new Date(this.world.clock.now()).toISOString()
      await session.commit({ segment: { ...entry, captured: [at, at] }, caughtUp })
    })
  }

  async beginBaseline(): Promise<void> {
    await this.#write(async (session) => {
      if (session.index.incarnations.length === 0) return
      await session.beginIncarnation({ ...incarnation(1), ...compacted, isBaseline: true })
    })
  }

  async mark(): Promise<void> {
    if ((await this.index()) !== undefined) await markExpired(topic, this.#options)
  }

  async sweep(): Promise<void> {
    await this.#write(async (session) => {
      await deletePruned(session, this.#options)
    })
  }

  async point(name: string): Promise<void> {
    if ((await this.index()) !== undefined) await addPoint(topic, { name }, this.#options)
  }

  async index(): Promise<Index | undefined> {
    return (await readIndex(this.world.memory, topic))?.index
  }

  /** What a restore finds now. */
  async restorable(): Promise<Restorable> {
    const index = await this.index()
    const n = index === undefined ? undefined : restorableIncarnation(index)?.n
    if (index === undefined || n === undefined) return { n: 0, next: 0, records: new Map() }
    const live = await this.#records(index, (entry) => entry.in === n && entry.state === undefined)
    return { n, next: await this.#next(index, n), records: live }
  }

  /** What is there of incarnation `n` as it was at a moment, marked or not. */
  async thereSince(n: number, moment: number): Promise<ReadonlyMap<string, KeyedRecord>> {
    const index = await this.index()
    if (index === undefined) return new Map()
    return await this.#records(
      index,
      (entry) =>
        entry.in === n && entry.state !== 'deleted' && Date.parse(entry.captured[0]) <= moment,
    )
  }

  /** By offsets, what is there of each segment, oldest first. */
  async segments(): Promise<string[]> {
    const index = await this.index()
    if (index === undefined) return []
    const entries = await collect(segmentEntries(this.world.memory, index))
    return entries.map(({ in: n, offsets, state = 'kept' }) => `${n}: ${offsets[0]?.[1]} ${state}`)
  }

  /** By key, the record that a restore of the segments that `isTaken` leaves. */
  async #records(
    index: Index,
    isTaken: (entry: SegmentEntry) => boolean,
  ): Promise<ReadonlyMap<string, KeyedRecord>> {
    const records = new Map<string, KeyedRecord>()
    for await (const entry of segmentEntries(this.world.memory, index)) {
      if (!isTaken(entry)) continue
      for (const record of this.#contents.get(entry.id) ?? []) records.set(record.key, record)
    }
    return records
  }

  async #next(index: Index, n: number): Promise<number> {
    return (await nextOffsets(this.world.memory, index, n)).get(0) ?? 0
  }

  async #write(work: (session: WriterSession) => Promise<void>): Promise<void> {
    await using worker = await this.world.worker('a', { retention })
    await using session = await worker.acquire(topic, { cluster: 'cluster-one' })
    await work(session)
  }
}

const anyAct = fc.oneof(
  { weight: 4, arbitrary: fc.record({ produce: fc.constantFrom('a', 'b', 'c', 'd') }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.constantFrom('a', 'b', 'c', 'd') }) },
  { weight: 3, arbitrary: fc.record({ backUp: fc.constantFrom(1, 2, 3, 100) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom('compact', 'beginBaseline', 'mark', 'sweep', 'point' as const),
  },
)

function expectNothingLost({ history }: CompactedTopic, before: Restorable, now: Restorable): void {
  for (const [key, { offset }] of before.records) {
    const found = now.records.get(key)
    const wasRemoved = history.some(
      (record) => record.key === key && record.value === null && record.offset >= offset,
    )
    if (found === undefined) expect(wasRemoved, `${key} at ${offset} is gone`).toBe(true)
    else expect(found.offset, key).toBeGreaterThanOrEqual(offset)
  }
  // A key whose newest record is still to be captured may show an older one: compaction takes away
  // what lies between.
  const newest = new Map(history.map((record) => [record.key, record]))
  for (const [key, { offset, value }] of newest) {
    if (offset >= now.next) continue
    const found = now.records.get(key)
    if (value === null) expect(found?.value ?? null, `${key} rose`).toBeNull()
    else expect(found?.offset, key).toBe(offset)
  }
}

describe('the retention of a compacted topic', () => {
  test('a compacted topic ages out after a complete baseline, and not before', async () => {
    const backup = new CompactedBackup()
    for (const key of ['a', 'b', 'a']) backup.produce(key)
    await backup.backUp()
    await backup.world.pass(days(40))
    await backup.mark()
    expect(await backup.segments()).toEqual(['0: 3 kept'])

    await backup.compact()
    await backup.beginBaseline()
    await backup.backUp(2)
    await backup.mark()
    expect(await backup.segments()).toEqual(['0: 3 kept', '1: 2 kept'])

    await backup.backUp()
    await backup.mark()
    expect(await backup.segments()).toEqual(['0: 3 expired', '1: 2 kept', '1: 3 kept'])
    await backup.world.pass(days(40))
    await backup.mark()
    await backup.sweep()
    expect(await backup.segments()).toEqual(['0: 3 deleted', '1: 2 kept', '1: 3 kept'])
    const { records } = await backup.restorable()
    expect([...records].map(([key, { offset }]) => [key, offset])).toEqual([
      ['b', 1],
      ['a', 2],
    ])
  })

  test('a baseline that reached the end of what was there, but not of what came meanwhile, is not complete', async () => {
    const backup = new CompactedBackup()
    for (const key of ['a', 'b']) backup.produce(key)
    await backup.backUp()
    await backup.beginBaseline()
    await backup.backUp(1)
    backup.produce('b')
    await backup.compact()
    await backup.backUp(1)

    // The record of b at offset 1 is gone, and the one that took its place is not read yet.
    const { n, records } = await backup.restorable()
    expect(n).toBe(0)
    expect(records.get('b')?.offset).toBe(1)
    await backup.backUp()
    expect((await backup.restorable()).records.get('b')?.offset).toBe(2)
  })

  test('a point keeps the baseline that it stands on', async () => {
    const backup = new CompactedBackup()
    backup.produce('a')
    await backup.backUp()
    await backup.beginBaseline()
    await backup.backUp()
    await backup.world.pass(days(100))
    await backup.point('release-7')
    await backup.world.pass(days(1))
    await backup.beginBaseline()
    await backup.backUp()
    await backup.world.pass(days(100))
    await backup.mark()
    expect(await backup.segments()).toEqual(['0: 1 expired', '1: 1 kept', '2: 1 kept'])
  })

  test('a baseline is of the topic that it stands for', async () => {
    const backup = new CompactedBackup()
    await backup.backUp()
    const session = await (await backup.world.worker('a')).acquire(topic, {
      cluster: 'cluster-one',
    })
    const begun = session.beginIncarnation({ ...incarnation(1, 'another'), isBaseline: true })
    await expect(begun).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('whatever is done in whatever order: no key that could be restored is lost, none rises again, and points stay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAct, { minLength: 10, maxLength: 60 }), async (acts) => {
        const backup = new CompactedBackup()
        const points: (Restorable & { readonly at: number })[] = []
        let before = await backup.restorable()
        for (const act of acts) {
          if (typeof act === 'object') {
            if ('produce' in act) backup.produce(act.produce)
            else if ('remove' in act) backup.produce(act.remove, true)
            else if ('backUp' in act) await backup.backUp(act.backUp)
            else await backup.world.pass(days(act.pass))
          } else if (act === 'point') {
            await backup.point(`point ${points.length}`)
            points.push({ ...(await backup.restorable()), at: backup.world.clock.now() })
            await backup.world.pass(1)
          } else {
            await backup[act]()
          }
          const now = await backup.restorable()
          expectNothingLost(backup.topic, before, now)
          for (const { n, at, records } of points) {
            expect(await backup.thereSince(n, at)).toEqual(records)
          }
          before = now
        }
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
