import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { cluster, minutes, World, type WorldOptions } from '../../test/fixtures.ts'
import { collect } from '../../test/segments.ts'
import { parseLease } from './lease-files.ts'
import { breakLease, listLeases } from './list-leases.ts'

const withoutConditionalDelete: WorldOptions = {
  storage: { capabilities: { ifVersionDelete: false } },
}

/** A world in which "a" writes `orders`. */
async function written(options: WorldOptions = {}) {
  const world = new World(options)
  const worker = await world.worker('a')
  const session = await worker.acquire('orders', { cluster })
  return { world, worker, session }
}

function deny(world: World, name: string): void {
  world
    .way(name)
    .faults.onCall(({ operation }) => (operation === 'delete' ? { kind: 'deny' } : undefined))
}

describe('releasing a topic', () => {
  test('on a store without conditional deletes, the lease is marked as released before it is deleted', async () => {
    const { world, session } = await written(withoutConditionalDelete)
    const before = world.way('a').faults.calls.length

    await session.release()

    const calls = world.way('a').faults.calls.slice(before)
    expect(calls.map(({ operation, key }) => `${operation} ${key}`)).toEqual([
      'put orders/__lease',
      'delete orders/__lease',
    ])
    expect(world.keys()).not.toContain('orders/__lease')
  })

  test('on a store without conditional deletes, a lease that another worker took over stays', async () => {
    const { world, session } = await written(withoutConditionalDelete)
    await world.remove('orders/__lease')
    await (await world.worker('b')).acquire('orders', { cluster })
    const theirs = world.text('orders/__lease')

    await session.release()

    expect(world.text('orders/__lease')).toBe(theirs)
  })

  test.each([
    ['with', {}],
    ['without', withoutConditionalDelete],
  ])(
    'without the permission to delete, on a store %s conditional deletes, the next backup starts at once',
    async (_, options) => {
      const { world, worker, session } = await written(options)
      deny(world, 'a')
      await session.release()
      await worker[Symbol.asyncDispose]()

      expect(parseLease(Buffer.from(world.text('orders/__lease')))?.state).toBe('released')
      expect(world.warnings).toMatchObject([
        {
          code: 'STORAGE_DENIED',
          why: expect.stringContaining('the permission to delete objects is missing'),
          facts: { key: 'orders/__lease' },
        },
      ])
      expect((await (await world.worker('b')).acquire('orders', { cluster })).epoch).toBe(2)
    },
  )

  test.each([
    ['with', {}],
    ['without', withoutConditionalDelete],
  ])(
    'a lease that can neither be deleted nor written, on a store %s conditional deletes, is not reported as released',
    async (_, options) => {
      const { world, worker, session } = await written(options)
      world
        .way('a')
        .faults.onCall(({ operation, key }) =>
          operation === 'delete' || (operation === 'put' && key === 'orders/__lease')
            ? { kind: 'deny' }
            : undefined,
        )

      await expect(session.release()).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
      await worker[Symbol.asyncDispose]()

      expect(parseLease(Buffer.from(world.text('orders/__lease')))?.state).toBe('held')
      for (const { why } of world.warnings) expect(why).not.toContain('released')
    },
  )

  describe('a store that does not create again what was deleted', () => {
    const keepingMarkers: WorldOptions = {
      storage: { capabilities: { ifAbsentAfterDelete: false } },
    }

    test('keeps the released lease, and the next backup takes it at once', async () => {
      const { world, worker, session } = await written(keepingMarkers)
      await session.release()
      await worker[Symbol.asyncDispose]()

      expect(parseLease(Buffer.from(world.text('orders/__lease')))?.state).toBe('released')
      expect(world.warnings).toEqual([])
      const next = await (await world.worker('b')).acquire('orders', { cluster })
      expect(next.epoch).toBe(2)
      await next.release()
      expect((await (await world.worker('c')).acquire('orders', { cluster })).epoch).toBe(3)
    })

    test('gives the topic to the next backup also when its lease was deleted by hand', async () => {
      const { world, worker } = await written(keepingMarkers)
      await worker[Symbol.asyncDispose]()
      await world.remove('orders/__lease')

      expect((await (await world.worker('b')).acquire('orders', { cluster })).epoch).toBe(2)
      expect(parseLease(Buffer.from(world.text('orders/__lease')))?.state).toBe('held')
    })

    test('names the deleted index that prevents a new backup of the topic', async () => {
      const { world, worker } = await written(keepingMarkers)
      await worker[Symbol.asyncDispose]()
      await world.remove('orders/index')
      const next = await world.worker('b')

      await expect(next.acquire('orders', { cluster })).rejects.toMatchObject({
        code: 'STORAGE_UNSUPPORTED',
        remedy: expect.stringContaining('Delete all versions of orders/index'),
      })
    })

    test('has a broken lease marked as released', async () => {
      const { world } = await written(keepingMarkers)

      expect(await breakLease(world.memory, 'orders')).toMatchObject({ holder: '"a"' })
      expect(parseLease(Buffer.from(world.text('orders/__lease')))?.state).toBe('released')
      expect(await breakLease(world.memory, 'orders')).toBeUndefined()
    })

    test('takes the heartbeat again of a worker that was taken for dead', async () => {
      const { world } = await written(keepingMarkers)
      const [heartbeat = ''] = world.keys().filter((key) => key.startsWith('~workers/'))
      await world.remove(heartbeat)
      await world.pass(minutes(4))

      expect(world.keys()).toContain(heartbeat)
      expect(world.warnings).toEqual([])
    })
  })

  test('a released lease has no holder', async () => {
    const { world, session } = await written()
    deny(world, 'a')
    await session.release()

    expect(await collect(listLeases(world.memory))).toEqual([])
  })

  test.each(['lose-answer', 'fail'] as const)(
    'a release without an answer (%s) is sent again',
    async (kind) => {
      const { world, session } = await written()
      let faults = 3
      world
        .way('a')
        .faults.onCall(({ operation }) =>
          operation === 'delete' && faults-- > 0 ? { kind } : undefined,
        )

      await world.until(session.release())

      expect(world.keys()).not.toContain('orders/__lease')
    },
  )

  test('a release that arrives late does not delete the lease of another worker', async () => {
    const { world, session } = await written()
    world
      .way('a')
      .faults.onCall(({ operation }) =>
        operation === 'delete' ? { kind: 'arrive-late', milliseconds: minutes(20) } : undefined,
      )
    const releasing = session.release()
    releasing.catch(() => undefined)
    await world.pass(minutes(10))
    await world.remove('orders/__lease')
    await (await world.worker('b')).acquire('orders', { cluster })
    await world.pass(minutes(60))

    expect(parseLease(Buffer.from(world.text('orders/__lease')))?.holder).toBe('"b"')
  })

  test('a topic that cannot be released is reported, and the other topics are released', async () => {
    const { world, worker } = await written()
    await worker.acquire('payments', { cluster })
    world.way('a').faults.onCall(({ operation, key }) =>
      operation === 'delete' && key === 'orders/__lease'
        ? {
            kind: 'fail',
            error: new KanneryError('STORAGE_UNAUTHENTICATED', 'the token ran out'),
          }
        : undefined,
    )

    await worker[Symbol.asyncDispose]()

    expect(world.warnings).toMatchObject([{ code: 'STORAGE_UNAUTHENTICATED' }])
    expect(world.keys()).toEqual(['orders/__lease', 'orders/index', 'payments/index'])
  })
})
