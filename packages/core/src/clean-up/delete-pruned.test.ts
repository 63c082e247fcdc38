import type { StorageCall } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { captured, cluster, days, incarnation, seconds, World } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import type { Index, SegmentEntry } from '../index-file/format/model.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { addHold } from '../retention/holds.ts'
import { addPoint } from '../retention/points.ts'
import { markExpired } from '../retention/prune.ts'
import { parseRetention } from '../retention/retention.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { deletePruned, type Pruned } from './delete-pruned.ts'

const keys = topicKeys('orders')

/**
 * A topic's backup of which all `count` segments were marked a day ago, and whose lease is free.
 */
class Expired {
  readonly world = new World()

  static async withSegments(count: number): Promise<Expired> {
    const expired = new Expired()
    const { world } = expired
    {
      await using worker = await world.worker('a', { retention: parseRetention('30d') })
      await using session = await worker.acquire('orders', { cluster })
      await session.beginIncarnation(incarnation(1))
      for (let at = 0; at < count; at++) {
        const { segment } = captured(session, { 0: [at, at + 1] })
        await world.replace(keys.segment(segment.id), 'records')
        await session.commit({ segment })
      }
    }
    await world.pass(days(31))
    await markExpired('orders', expired.options)
    await world.pass(days(1))
    return expired
  }

  get options() {
    const ids = new UlidSource({ clock: this.world.clock, random: this.world.random.fork() })
    return { storage: this.world.storage('pruner'), clock: this.world.clock, ids }
  }

  async delete(): Promise<Pruned> {
    await using worker = await this.world.worker('pruner')
    await using session = await worker.acquire('orders', { cluster })
    return await this.world.until(deletePruned(session, this.options))
  }

  async index(): Promise<Index> {
    const stored = await readIndex(this.world.memory, 'orders')
    if (stored === undefined) throw new Error('there is no index')
    return stored.index
  }

  async entries(): Promise<SegmentEntry[]> {
    return await collect(segmentEntries(this.world.memory, await this.index()))
  }

  get objects(): ReadonlySet<string> {
    return new Set(this.world.memory.contents().keys())
  }

  /** Refuses these deletions. */
  refuse(refused: (call: StorageCall) => boolean): void {
    this.world
      .way('pruner')
      .faults.onCall((call) =>
        call.operation === 'delete' && refused(call) ? { kind: 'deny' } : undefined,
      )
  }
}

describe('a deletion of what was pruned', () => {
  test.each(['hold', 'point'])(
    'a %s that is put while a deletion runs keeps all that the index did not say to be deleted by then',
    async (kind) => {
      const expired = await Expired.withSegments(300)
      let keptFromThenOn: readonly SegmentEntry[] = []
      let deletions = 0
      const keep = async (): Promise<void> => {
        if (kind === 'hold') await addHold('orders', { name: 'audit' }, expired.options)
        else {
          const at = new Date(expired.world.clock.now() - days(5)).toISOString()
          await addPoint('orders', { at }, expired.options)
        }
        keptFromThenOn = (await expired.entries()).filter(({ state }) => state !== 'deleted')
      }
      let keeping: Promise<void> | undefined
      expired.world.way('pruner').faults.onCall(({ operation, key }) => {
        if (operation !== 'delete' || !key.endsWith('.kan') || ++deletions !== 2) return undefined
        keeping = keep()
        return { kind: 'delay', milliseconds: 1000 }
      })

      await expired.delete()
      await keeping
      expect(keptFromThenOn.length).toBeGreaterThan(0)
      const left = keptFromThenOn.filter(({ id }) => expired.objects.has(keys.segment(id)))
      expect(left).toHaveLength(keptFromThenOn.length)
      expect(deletions).toBe(300 - keptFromThenOn.length)
    },
  )

  test('an object that cannot be deleted is reported, keeps no other object, and is deleted later', async () => {
    const expired = await Expired.withSegments(10)
    const locked = keys.segment((await expired.entries())[2]?.id ?? ('' as never))
    expired.refuse(({ key }) => key === locked)

    expect(await expired.delete()).toMatchObject({
      segments: { length: 9 },
      failure: { code: 'STORAGE_DENIED', facts: { key: locked } },
    })
    expect([...expired.objects].filter((key) => key.endsWith('.kan'))).toEqual([locked])

    expect(await expired.delete()).toMatchObject({
      segments: [],
      failure: { facts: { key: locked } },
    })
    expired.world.way('pruner').faults.clear()
    expect(await expired.delete()).toMatchObject({ garbage: { length: 1 }, failure: undefined })
    expect([...expired.objects].filter((key) => key.endsWith('.kan'))).toEqual([])
    expect((await expired.index()).garbage).toEqual([])
  })

  test('where nothing can be deleted, the index does not grow with what is due', async () => {
    const expired = await Expired.withSegments(600)
    expired.refuse(({ key }) => key.endsWith('.kan'))
    await expired.delete()
    await expired.delete()
    const { failure, segments } = await expired.delete()
    expect(segments).toEqual([])
    expect(failure?.message).toContain('256 objects were not deleted')
    const segmentGarbage = (await expired.index()).garbage.filter(({ kind }) => kind === 'segment')
    expect(segmentGarbage).toHaveLength(256)
  })

  test('a deletion stops when the storage does not answer any more, and reports what it deleted', async () => {
    const expired = await Expired.withSegments(10)
    const asked = new Set<string>()
    expired.world.way('pruner').faults.onCall(({ operation, key }) => {
      if (operation !== 'delete' || !key.endsWith('.kan')) return undefined
      asked.add(key)
      return asked.size > 3 ? { kind: 'fail' } : undefined
    })
    expect(await expired.delete()).toMatchObject({
      segments: { length: 3 },
      failure: { code: 'STORAGE_OUTCOME_UNKNOWN', facts: { failed: 4 } },
    })
    expect(asked.size).toBe(7)
  })

  test('a deletion that loses the lease reports that, and how many objects the storage did not delete before', async () => {
    const expired = await Expired.withSegments(30)
    const { world } = expired
    let deletions = 0
    world.way('pruner').faults.onCall(({ operation, key }) => {
      if (operation === 'put' && key.startsWith('~workers/') && deletions > 0)
        return { kind: 'deny' }
      if (operation !== 'delete' || !key.endsWith('.kan')) return undefined
      deletions++
      if (deletions <= 2) return { kind: 'deny' }
      return { kind: 'delay', milliseconds: seconds(20) }
    })

    const { segments, failure } = await expired.delete()

    expect(segments.length).toBeGreaterThan(0)
    expect(failure).toMatchObject({ code: 'LEASE_LOST', facts: { topic: 'orders', failed: 2 } })
    expect(failure?.message).toContain('2 objects were not deleted before')
  })

  test('what a deletion that died had announced is deleted by the next one', async () => {
    const expired = await Expired.withSegments(3)
    const { world } = expired
    let deletions = 0
    world.way('pruner').faults.onCall(({ operation, key }) => {
      if (operation === 'delete' && key.endsWith('.kan')) deletions++
      return deletions > 1 ? { kind: 'hang', applied: false } : undefined
    })
    expired.delete().catch(() => undefined)
    await world.pass(days(1))
    expect((await expired.entries()).map(({ state }) => state)).toEqual(Array(3).fill('deleted'))

    world.way('pruner').faults.clear()
    await expired.delete()
    expect([...expired.objects].filter((key) => key.endsWith('.kan'))).toEqual([])
    expect((await expired.index()).garbage).toEqual([])
  })
})
