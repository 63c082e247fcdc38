import { objectKey } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { atCall, FaultyStorage, MemoryStorage, seededRandom, TestClock } from '../src/index.ts'
import { alter } from './alter.ts'

const clock = new TestClock()
const key = objectKey('orders/index')
const content = seededRandom(3).bytes(200_000)

let world: MemoryStorage

beforeEach(async () => {
  world = MemoryStorage.open({ clock })
  await world.put(key, content, { condition: { kind: 'if-absent' } })
})

describe('reading an object into memory', () => {
  test('an object or a range of it is collected into one buffer', async () => {
    const range = { kind: 'last', length: 70_000 } as const

    expect(await readObject(world, key)).toEqual({ info: await world.head(key), bytes: content })
    expect((await readObject(world, key, { range }))?.bytes).toEqual(content.slice(-70_000))
  })

  test('a missing object is not an error, but every other failure is', async () => {
    const denying = new FaultyStorage(world, { clock })
    denying.faults.onCall(() => ({ kind: 'deny' }))

    expect(await readObject(world, objectKey('other'))).toBeUndefined()
    await expect(readObject(denying, key)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    await expect(readObject(MemoryStorage.missing(clock), key)).rejects.toMatchObject({
      code: 'STORAGE_CONTAINER_NOT_FOUND',
    })
  })

  test('an object that is too large is refused before it is read', async () => {
    let read = 0
    const counting = alter(world, {
      get: async (...call) => {
        const reader = await world.get(...call)
        const body = (async function* () {
          for await (const chunk of reader.body) {
            read++
            yield chunk
          }
        })()
        return { info: reader.info, body, [Symbol.asyncDispose]: async () => undefined }
      },
    })
    const range = { kind: 'from', start: 199_000 } as const

    await expect(readObject(counting, key, { maxBytes: 199_999 })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      facts: { key, size: 200_000, maxBytes: 199_999 },
    })
    expect(read).toBe(0)
    expect((await readObject(counting, key, { maxBytes: 1000, range }))?.bytes).toHaveLength(1000)
  })

  test.each(['shorter', 'longer'])(
    'a body that is %s than its object is refused',
    async (which) => {
      const faulty = new FaultyStorage(world, { clock })
      faulty.faults.onCall(
        atCall({ operation: 'get' }, { kind: 'truncate', after: 100_000, end: 'silent' }),
      )
      const longer = alter(world, {
        get: async (...call) => {
          const reader = await world.get(...call)
          const body = (async function* () {
            yield* reader.body
            yield Uint8Array.of(0)
          })()
          return { info: reader.info, body, [Symbol.asyncDispose]: async () => undefined }
        },
      })

      const storage = which === 'shorter' ? faulty : longer
      await expect(readObject(storage, key)).rejects.toMatchObject({ code: 'INTERNAL' })
    },
  )
})
