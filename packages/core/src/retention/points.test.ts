import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { captured, days, incarnation, minutes, seconds, World } from '../../test/fixtures.ts'
import { stored } from '../../test/stored-segments.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { editIndex } from '../index-file/edit-index.ts'
import { segmentEntries } from '../index-file/pages/pages.ts'
import { readIndex } from '../index-file/read-index.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { addHold, readHolds, removeHold } from './holds.ts'
import { addPoint, readPoints, removePoint, thinPoints } from './points.ts'
import { markExpired, takeBackExpired } from './prune.ts'
import { parseRetention } from './retention.ts'

const retention = parseRetention('30d')

/** A backup with a retention of 30 days, and commands on it. */
class Kept {
  readonly world = new World()
  #next = 0
  /** How far the clock of the writer is ahead of the storage's, milliseconds. */
  aheadMs = 0

  get options() {
    const { clock, random } = this.world
    const ids = new UlidSource({ clock, random: random.fork() })
    return { storage: this.world.storage('person'), clock, ids }
  }

  async backUp(): Promise<void> {
    await using worker = await this.world.worker('a', { retention })
    await using session = await worker.acquire('orders', { cluster: 'cluster-one' })
    if (session.index.incarnations.length === 0) await session.beginIncarnation(incarnation(1))
    const nowMs = this.world.clock.now()
    const at = new Date(nowMs + this.aheadMs).toISOString()
    const entry = await stored(this.world, session, { 0: [this.#next, this.#next + 1] })
    // As if it had been fetched, and its records written, at this moment.
    const edit = change(entry.id, (one) => ({
      ...one,
      captured: [at, at],
      expires: new Date(nowMs + days(30)).toISOString(),
    }))
    await editIndex(this.world.memory, 'orders', { ids: this.options.ids, edit })
    this.#next++
  }

  async mark(): Promise<void> {
    await markExpired('orders', this.options)
  }

  async sweep(): Promise<void> {
    await using worker = await this.world.worker('pruner')
    await using session = await worker.acquire('orders', { cluster: 'cluster-one' })
    await deletePruned(session, this.options)
  }

  /** By segment, oldest first; and whether the segment lies there. */
  async states(): Promise<string[]> {
    const found = await readIndex(this.world.memory, 'orders')
    if (found === undefined) return []
    const states: string[] = []
    for await (const { id, state = 'kept' } of segmentEntries(this.world.memory, found.index)) {
      const there = [...this.world.memory.contents().keys()].some((key) => key.includes(id))
      expect(there).toBe(state !== 'deleted')
      states.push(state)
    }
    return states
  }

  async index() {
    const found = await readIndex(this.world.memory, 'orders')
    if (found === undefined) throw new Error('there is no index')
    return found.index
  }
}

type Entry = Awaited<ReturnType<Kept['index']>>['segments'][number]

function change(id: string, make: (entry: Entry) => Entry) {
  return (index: Awaited<ReturnType<Kept['index']>>) => ({
    ...index,
    segments: index.segments.map((entry) => (entry.id === id ? make(entry) : entry)),
  })
}

describe('holds and points', () => {
  test('a hold keeps all until it is removed, and what was marked before it is not deleted', async () => {
    const kept = new Kept()
    await kept.backUp()
    await kept.world.pass(days(31))
    await kept.mark()
    await addHold('orders', { name: 'audit', reason: 'case 4711' }, kept.options)
    await kept.world.pass(days(5))
    await kept.sweep()
    expect(await kept.states()).toEqual(['expired'])
    expect(readHolds(await kept.index())).toMatchObject([{ name: 'audit', reason: 'case 4711' }])

    await removeHold('orders', 'audit', kept.options)
    await kept.sweep()
    expect(await kept.states()).toEqual(['deleted'])
  })

  test('a hold of that name is not put twice, and one that is not there is not removed', async () => {
    const kept = new Kept()
    await kept.backUp()
    await addHold('orders', { name: 'audit' }, kept.options)
    await addHold('orders', { name: 'audit', reason: 'again' }, kept.options)
    expect(readHolds(await kept.index())).toHaveLength(1)
    await expect(removeHold('orders', 'other', kept.options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  test('a point keeps what the backup held at its time: neither expired nor later segments', async () => {
    const kept = new Kept()
    await kept.backUp()
    await kept.world.pass(days(20))
    await kept.backUp()
    await kept.world.pass(days(15))
    await addPoint('orders', { name: 'release-7' }, kept.options)
    await kept.world.pass(minutes(1))
    await kept.backUp()
    await kept.world.pass(days(40))
    await kept.mark()
    expect(await kept.states()).toEqual(['expired', 'kept', 'expired'])
    await kept.world.pass(days(2))
    await kept.sweep()
    expect(await kept.states()).toEqual(['deleted', 'kept', 'deleted'])

    await removePoint('orders', 'release-7', kept.options)
    await kept.mark()
    expect(await kept.states()).toEqual(['deleted', 'expired', 'deleted'])
  })

  test('a point for a moment that has passed saves what was marked since', async () => {
    const kept = new Kept()
    await kept.backUp()
    const at = new Date(kept.world.clock.now() + minutes(5)).toISOString()
    await kept.world.pass(days(31))
    await kept.mark()
    await addPoint('orders', { name: 'before', at }, kept.options)
    await kept.world.pass(days(3))
    await kept.sweep()
    expect(await kept.states()).toEqual(['expired'])
  })

  test.each([days(365), minutes(1), -minutes(1), -days(365)])(
    'a point keeps what was committed before it, and nothing else, with a writer whose clock is ahead by %i ms',
    async (aheadMs) => {
      const kept = new Kept()
      kept.aheadMs = aheadMs
      await kept.backUp()
      await addPoint('orders', { name: 'now' }, kept.options)
      await kept.backUp()
      await kept.world.pass(days(31))
      await kept.mark()
      expect(await kept.states()).toEqual(['kept', 'expired'])
    },
  )

  test('a point for a moment that has passed keeps what the storage had by then, whatever the clock of the writer says', async () => {
    const kept = new Kept()
    kept.aheadMs = days(365)
    await kept.backUp()
    const at = new Date(kept.world.clock.now()).toISOString()
    await kept.world.pass(minutes(1))
    await kept.backUp()
    await addPoint('orders', { name: 'a minute ago', at }, kept.options)
    await kept.world.pass(days(31))
    await kept.mark()
    expect(await kept.states()).toEqual(['kept', 'expired'])
  })

  test('a point for a moment that has passed keeps what had been captured by then, also where the storage got it later, as a copy does', async () => {
    const { world, options } = new Kept()
    const startMs = world.clock.now()
    {
      await using worker = await world.worker('a', { retention })
      await using session = await worker.acquire('orders', { cluster: 'cluster-one' })
      await session.beginIncarnation(incarnation(1))
      for (let at = 0; at < 300; at++) {
        const time = new Date(startMs + seconds(at)).toISOString()
        const { segment } = captured(session, { 0: [at, at + 1] })
        await session.commit({ segment: { ...segment, captured: [time, time] } })
      }
    }
    await world.pass(days(1))
    await addPoint('orders', { at: new Date(startMs + minutes(1)).toISOString() }, options)
    await world.pass(days(31))
    expect(await markExpired('orders', options)).toHaveLength(300 - 61)
  })

  test('a point that a person wrote keeps what was captured up to a day after it', async () => {
    const kept = new Kept()
    await kept.backUp()
    const at = new Date(kept.world.clock.now() - minutes(1)).toISOString()
    const { storage, ids } = kept.options
    const edit = (index: Awaited<ReturnType<Kept['index']>>) => ({ ...index, points: [{ at }] })
    await editIndex(storage, 'orders', { ids, edit })
    await kept.world.pass(days(1))
    await kept.backUp()
    await kept.world.pass(days(31))
    await kept.mark()
    expect(await kept.states()).toEqual(['kept', 'expired'])
  })

  test('a point of an empty backup keeps nothing', async () => {
    const kept = new Kept()
    {
      await using worker = await kept.world.worker('a', { retention })
      await using session = await worker.acquire('orders', { cluster: 'cluster-one' })
      await session.beginIncarnation(incarnation(1))
    }
    await addPoint('orders', {}, kept.options)
    await kept.backUp()
    await kept.world.pass(days(31))
    await kept.mark()
    expect(await kept.states()).toEqual(['expired'])
  })

  test('a moment to come, and a name that is taken, are refused', async () => {
    const kept = new Kept()
    await kept.backUp()
    const at = new Date(kept.world.clock.now() + days(1)).toISOString()
    const refused = { code: 'CONFIG_INVALID' }
    await expect(addPoint('orders', { at }, kept.options)).rejects.toMatchObject(refused)
    await addPoint('orders', { name: 'one' }, kept.options)
    await expect(addPoint('orders', { name: 'one' }, kept.options)).rejects.toMatchObject(refused)
    await expect(removePoint('orders', 'two', kept.options)).rejects.toMatchObject(refused)
  })

  test('thinning takes points without a name, and no others', async () => {
    const kept = new Kept()
    await kept.backUp()
    await addPoint('orders', { name: 'forever' }, kept.options)
    for (let day = 0; day < 5; day++) {
      await kept.world.pass(days(1))
      await addPoint('orders', {}, kept.options)
    }
    const removed = await thinPoints('orders', { daily: 2 }, kept.options)
    expect(removed).toHaveLength(3)
    const left = readPoints(await kept.index())
    expect(left.map(({ name }) => name)).toEqual(['forever', undefined, undefined])
  })

  test('a point that this version cannot read keeps everything', async () => {
    const kept = new Kept()
    await kept.backUp()
    const { storage, ids } = kept.options
    const edit = (index: Awaited<ReturnType<Kept['index']>>) => ({
      ...index,
      points: [{ offsets: [1, 2] }],
    })
    await editIndex(storage, 'orders', { ids, edit })
    await kept.world.pass(days(31))
    await kept.mark()
    expect(await kept.states()).toEqual(['kept'])
  })

  test('holds and points keep their segments in any order of actions', async () => {
    const anyAct = fc.oneof(
      fc.constantFrom('back up', 'mark', 'sweep', 'hold', 'unhold', 'point', 'undo'),
      fc.integer({ min: 1, max: 40 }),
    )
    const anySkew = fc.constantFrom(0, seconds(3), -seconds(3), days(40), -days(40))
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyAct, { minLength: 3, maxLength: 25 }),
        anySkew,
        async (acts, skew) => {
          const kept = new Kept()
          kept.aheadMs = skew
          await kept.backUp()
          /** What each point has to keep: the segments that were there when it was added. */
          const promised = new Map<number, string[]>()
          let held: string[] | undefined
          for (const act of acts) {
            if (typeof act === 'number') await kept.world.pass(days(act))
            else if (act === 'back up') await kept.backUp()
            else if (act === 'mark') await kept.mark()
            else if (act === 'sweep') await kept.sweep()
            else if (act === 'undo') await takeBackExpired('orders', kept.options)
            else if (act === 'hold') {
              await addHold('orders', { name: 'audit' }, kept.options)
              held ??= await kept.states()
            } else if (act === 'unhold' && held !== undefined) {
              await removeHold('orders', 'audit', kept.options)
              held = undefined
            } else if (act === 'point') {
              await addPoint('orders', {}, kept.options)
              const now = kept.world.clock.now()
              const { segments } = await kept.index()
              const live = segments.filter(
                ({ state, expires }) => state !== 'deleted' && Date.parse(expires ?? '9999') > now,
              )
              promised.set(
                promised.size,
                live.map(({ id }) => id),
              )
            }
            const states = await kept.states()
            if (held !== undefined) {
              for (const [at, state] of held.entries()) {
                if (state !== 'deleted') expect(states[at]).not.toBe('deleted')
              }
            }
            const { segments } = await kept.index()
            for (const id of [...promised.values()].flat()) {
              expect(segments.find((entry) => entry.id === id)?.state).not.toBe('deleted')
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)
})
