import { describe, expect, test } from 'vitest'
import { minutes } from '../../test/fixtures.ts'
import { backup, keep, rebuild } from '../../test/rebuild-fixtures.ts'
import { readIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { rebuildIndex } from './rebuild-index.ts'

const keys = topicKeys('orders')

describe('a rebuild while things go wrong', () => {
  test('a rebuild that slept before its write does not overwrite another index', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index)
    let written = ''
    const storage = world.storage('sleeper')
    const put: typeof storage.put = async (key, body, options) => {
      if (key === keys.index) {
        await world.remove(keys.lease)
        await rebuild(world)
        written = world.text(keys.index)
      }
      return await storage.put(key, body, options)
    }
    const sleepy = new Proxy(storage, {
      get(target, property) {
        if (property === 'put') return put
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await using worker = await world.worker('sleeper')
    await expect(
      rebuildIndex('orders', { storage: sleepy, worker, retention: keep }),
    ).rejects.toMatchObject({ code: 'STORAGE_PRECONDITION_FAILED' })
    expect(world.text(keys.index)).toBe(written)
  })

  test('a rebuild whose lease is over by its own clock writes nothing', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index)
    const storage = world.storage('rebuilder')
    const worker = await world.worker('rebuilder', { storage })
    world
      .way('rebuilder')
      .faults.onCall((call) =>
        call.key.startsWith('~workers/') && call.nth > 1 ? { kind: 'fail' } : undefined,
      )
    let late = false
    const slow = new Proxy(storage, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target)
        if (typeof value !== 'function') return value
        if (property !== 'list') return value.bind(target)
        return (...request: Parameters<typeof storage.list>) => {
          late = true
          return after(world.clock.sleep(minutes(10)), () => storage.list(...request))
        }
      },
    })
    const rebuilding = rebuildIndex('orders', { storage: slow, worker, retention: keep })
    await expect(world.until(rebuilding)).rejects.toMatchObject({ code: 'LEASE_LOST' })
    world.way('rebuilder').faults.clear()
    expect(late).toBe(true)
    expect(world.keys()).not.toContain(keys.index)
  })

  test('cut off before any of its writes, it leaves what the next one begins with', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index)
    for (let cut = 1; ; cut++) {
      const name = `cut-${cut}`
      let writes = 0
      world.way(name).faults.onCall((call) => {
        if (call.operation !== 'put' && call.operation !== 'delete') return undefined
        writes++
        return writes >= cut ? { kind: 'hang', applied: false } : undefined
      })
      const outcome = rebuild(world, keep, name).then(
        () => 'ended',
        () => 'failed',
      )
      const result = await Promise.race([outcome, world.pass(minutes(30)).then(() => 'cut')])
      if ((await readIndex(world.memory, 'orders')) !== undefined) {
        expect(cut).toBeGreaterThan(2)
        expect(await world.next()).toEqual({ 0: 30, 1: 6 })
        expect(['cut', 'ended', 'failed']).toContain(result)
        break
      }
      world.crash(name)
      await world.remove(keys.lease)
    }
  })

  test('an answer that is lost costs nothing', async () => {
    const { world, writer } = await backup()
    await writer.release()
    await world.remove(keys.index)
    let lost = false
    world.way('rebuilder').faults.onCall((call) => {
      if (lost || call.operation !== 'put' || call.key !== keys.index) return undefined
      lost = true
      return { kind: 'lose-answer' }
    })
    await world.until(rebuild(world))
    expect(lost).toBe(true)
    expect(await world.next()).toEqual({ 0: 30, 1: 6 })
  })
})

async function* after<T>(first: Promise<void>, then: () => AsyncIterable<T>): AsyncGenerator<T> {
  await first
  yield* then()
}
