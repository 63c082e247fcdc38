import { KanneryError, type StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  atCall,
  type FaultyStorage,
  type MemoryStorage,
  seededRandom,
  type TestClock,
} from '../src/index.ts'
import { alter } from './alter.ts'
import { again, bytes, contentOf, ifAbsent, key, newRetryWorld } from './retry-world.ts'

let clock: TestClock
let world: MemoryStorage
let faulty: FaultyStorage
let storage: StorageBackend
beforeEach(() => {
  ;({ clock, world, faulty, storage } = newRetryWorld())
})

describe('a streamed object', () => {
  const written = async (): Promise<unknown> => {
    await using writer = await storage.openWriter(key, ifAbsent)
    await writer.write(bytes('of two '))
    await writer.write(bytes('pieces'))
    return await writer.commit()
  }

  test('is recognised after a commit whose answer was lost', async () => {
    faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'lose-answer' }))

    expect(await clock.passUntil(written())).toEqual(await world.head(key))
    expect(await contentOf(world)).toBe('of two pieces')
  })

  test('has an unknown outcome when there is no object, which may still appear', async () => {
    faulty.faults.onCall(
      atCall({ operation: 'commit' }, { kind: 'arrive-late', milliseconds: 3_600_000 }),
    )

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
  })

  test.each([true, false])(
    'is looked for when its commit is never answered (stored: %s)',
    async (applied) => {
      faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'hang', applied }))
      const outcome = clock.passUntil(written())

      if (applied) expect(await outcome).toEqual(await world.head(key))
      else await expect(outcome).rejects.toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' })
      expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000)
      expect(clock.monotonic()).toBeLessThan(61_000)
    },
  )

  test('has its commit request aborted when the caller stops waiting', async () => {
    let asked: AbortSignal | undefined
    const silent = alter(world, {
      openWriter: async (_name, { signal }) => {
        asked = signal
        return {
          write: async () => undefined,
          commit: () => new Promise(() => undefined),
          [Symbol.asyncDispose]: () => new Promise(() => undefined),
        }
      },
    })
    storage = decorate(silent, { clock, random: seededRandom(1) })

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_OUTCOME_UNKNOWN',
    })
    expect(asked?.aborted).toBe(true)
  })

  test('may take long to commit while its parts arrive', async () => {
    const slow = alter(world, {
      openWriter: async (name, options) => {
        const writer = await world.openWriter(name, options)
        const send = options.sendPart ?? (async (_bytes, direct) => await direct(() => undefined))
        return {
          write: (chunk) => writer.write(chunk),
          commit: async () => {
            for (let part = 0; part < 10; part++) await send(1, () => clock.sleep(20_000))
            return await writer.commit()
          },
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        }
      },
    })
    storage = decorate(slow, { clock, random: seededRandom(1) })

    await clock.passUntil(written())
    expect(await contentOf(world)).toBe('of two pieces')
  })

  test('is not waited for when its parts take too long to be deleted', async () => {
    const silent = alter(world, {
      openWriter: async () => ({
        write: async () => undefined,
        commit: () => Promise.reject(new Error('not asked for')),
        [Symbol.asyncDispose]: () => new Promise(() => undefined),
      }),
    })
    storage = decorate(silent, { clock, random: seededRandom(1) })
    const writer = await storage.openWriter(key, ifAbsent)

    await clock.passUntil(writer[Symbol.asyncDispose]())
    expect(clock.monotonic()).toBe(25_000)
  })

  test.each(['of other pieces', 'of two_pieces!'])(
    'is not recognised in an object %j',
    async (other) => {
      faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'fail' }))
      await world.put(key, bytes(other), ifAbsent)

      await expect(clock.passUntil(written())).rejects.toMatchObject({
        code: 'STORAGE_OUTCOME_UNKNOWN',
      })
    },
  )

  test('has to be written again when the store was too busy to commit', async () => {
    faulty.faults.onCall(atCall({ operation: 'commit' }, { kind: 'throttle' }))

    await expect(clock.passUntil(written())).rejects.toMatchObject({
      code: 'STORAGE_REWRITE_NEEDED',
    })
    expect(await contentOf(world)).toBeUndefined()
  })

  test('sends a failed part again', async () => {
    let parts = 0
    const inParts = alter(world, {
      openWriter: async (name, options) => {
        const writer = await world.openWriter(name, options)
        const send = options.sendPart ?? (async (_bytes, direct) => await direct(() => undefined))
        return {
          write: async (chunk) => {
            await send(chunk.byteLength, async () => {
              parts++
              if (parts < 3) throw new KanneryError('STORAGE_UNAVAILABLE', '', again)
              await writer.write(chunk)
            })
          },
          commit: () => writer.commit(),
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        }
      },
    })
    storage = decorate(inParts, { clock, random: seededRandom(1) })

    await clock.passUntil(written())
    expect(await contentOf(world)).toBe('of two pieces')
    expect(parts).toBe(4)
  })
})
