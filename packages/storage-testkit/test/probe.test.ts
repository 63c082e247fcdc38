import {
  KanneryError,
  type ObjectKey,
  type ObjectVersion,
  type StorageBackend,
  type StoredObject,
} from '@kannery/storage'
import { decorate, probe } from '@kannery/storage/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { FaultyStorage, MemoryStorage, seededRandom, TestClock } from '../src/index.ts'
import { alter } from './alter.ts'

const clock = new TestClock()
const random = seededRandom(1)
const overwrite = { condition: { kind: 'overwrite' } } as const

let world: MemoryStorage

beforeEach(() => {
  world = MemoryStorage.open({ clock })
})

describe('a probe', () => {
  test('uses a store that keeps its promises, and leaves no objects', async () => {
    expect(await probe(world, { random })).toEqual({
      ifVersionDelete: true,
      ifAbsentAfterDelete: true,
      canDelete: true,
      warnings: [],
    })
    expect(world.contents().size).toBe(0)
  })
})

/** A store that ignores a condition in one of the cases that the probe tries. */
function ignoring(
  isIgnored: (kind: string, present: StoredObject | undefined) => boolean,
): StorageBackend {
  return alter(world, {
    put: async (key, body, options) => {
      const ignored = isIgnored(options.condition.kind, await world.head(key))
      return await world.put(key, body, ignored ? overwrite : options)
    },
  })
}

describe('a store that breaks a promise', () => {
  test.each<[string, () => StorageBackend, RegExp]>([
    ['creates what exists', () => ignoring((kind) => kind === 'if-absent'), /created again/],
    [
      'replaces another version',
      () => ignoring((kind, present) => kind === 'if-version' && present !== undefined),
      /has another version/,
    ],
    [
      'replaces an object that does not exist',
      () => ignoring((kind, present) => kind === 'if-version' && present === undefined),
      /not there/,
    ],
    [
      'gives two objects one version',
      () => {
        const alike = 'same' as ObjectVersion
        return alter(world, {
          put: async (key, body, options) => {
            const { condition } = options
            const current = await world.head(key)
            // Its own, but wrong in the cases before this one.
            const known = condition.kind === 'if-version' && condition.version === alike
            const version = current?.version ?? ('none' as ObjectVersion)
            const given = known ? ({ kind: 'if-version', version } as const) : condition
            const stored = await world.put(key, body, { ...options, condition: given })
            return key.endsWith('-a') ? { ...stored, version: alike } : stored
          },
        })
      },
      /same one/,
    ],
    [
      'has no conditions',
      () => MemoryStorage.open({ clock, capabilities: { ifVersion: false } }),
      /it has none/,
    ],
  ])('is refused and cleaned up if it %s', async (_, open, why) => {
    await expect(probe(open(), { random })).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      why: expect.stringMatching(why),
      remedy: expect.stringContaining('docs/providers.md'),
    })
    expect(world.contents().size).toBe(0)
  })
})

describe('a probe of an imperfect store', () => {
  test('throws an error of the storage, after a clean-up', async () => {
    let puts = 0
    const failing = alter(world, {
      put: async (...call) => {
        if (++puts === 3) throw new KanneryError('STORAGE_FULL', 'full')
        return await world.put(...call)
      },
    })

    await expect(probe(failing, { random })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(world.contents().size).toBe(0)
  })

  test.each<[string, () => StorageBackend]>([
    ['ignored', () => alter(world, { delete: (key: ObjectKey) => world.delete(key) })],
    [
      'unknown',
      () => {
        world = MemoryStorage.open({ clock, capabilities: { ifVersionDelete: false } })
        return world
      },
    ],
  ])('uses a store with a warning where the condition on delete is %s', async (_, open) => {
    const report = await probe(open(), { random })

    expect(report).toMatchObject({ ifVersionDelete: false, canDelete: true })
    expect(report.warnings.map((warning) => warning.code)).toEqual(['STORAGE_UNSUPPORTED'])
    expect(world.contents().size).toBe(0)
  })

  test('uses a store with a warning if it does not create a deleted object again', async () => {
    world = MemoryStorage.open({ clock })
    const deleted = new Set<string>()
    const keepingMarkers = alter(world, {
      delete: async (key, options) => {
        await world.delete(key, options)
        deleted.add(key)
      },
      put: async (key, body, options) => {
        if (options.condition.kind === 'if-absent' && deleted.has(key)) {
          throw new KanneryError('STORAGE_ALREADY_EXISTS', 'a delete marker is there')
        }
        return await world.put(key, body, options)
      },
    })
    const report = await probe(keepingMarkers, { random })

    expect(report).toMatchObject({ ifAbsentAfterDelete: false, canDelete: true })
    expect(report.warnings.map((warning) => warning.message)).toEqual([
      'this storage does not create an object again that was deleted',
    ])
    expect(world.contents().size).toBe(0)
  })
})

describe('credentials that may not delete', () => {
  const denied = (): FaultyStorage => {
    const storage = new FaultyStorage(world, { clock })
    storage.faults.onCall(({ operation }) =>
      operation === 'delete' ? { kind: 'deny' } : undefined,
    )
    return storage
  }

  test('are reported, and leave the same two objects however often they probe', async () => {
    for (let probes = 0; probes < 3; probes++) {
      const report = await probe(denied(), { random })

      expect(report).toMatchObject({ ifVersionDelete: true, canDelete: false })
      expect(report.warnings.map((warning) => warning.code)).toEqual(['STORAGE_DENIED'])
      expect([...world.contents().keys()]).toEqual(['~probe-a', '~probe-b'])
    }
  })

  test('may probe at the same time', async () => {
    const probes = Array.from({ length: 3 }, () => probe(denied(), { random }))

    for (const { canDelete } of await Promise.all(probes)) expect(canDelete).toBe(false)
  })

  test('are refused where the store ignores a condition', async () => {
    const careless = alter(denied(), {
      put: (key, body, options) =>
        world.put(key, body, options.condition.kind === 'if-absent' ? overwrite : options),
    })

    await expect(probe(careless, { random })).rejects.toMatchObject({ code: 'STORAGE_UNSUPPORTED' })
  })
})

describe('a probe with retries', () => {
  test('finds the same when the answer to any of its requests is lost', async () => {
    const calm = new FaultyStorage(world, { clock })
    await clock.passUntil(probe(decorate(calm, { clock, random }), { random }))
    const requests = calm.faults.calls.length
    expect(requests).toBeGreaterThan(10)

    for (let lost = 1; lost <= requests; lost++) {
      const storage = new FaultyStorage(world, { clock })
      storage.faults.onCall(() =>
        storage.faults.calls.length === lost ? { kind: 'lose-answer' } : undefined,
      )
      const report = await clock.passUntil(probe(decorate(storage, { clock, random }), { random }))

      expect({ lost, ...report }).toMatchObject({ ifVersionDelete: true, warnings: [] })
      expect(report).toMatchObject({ ifAbsentAfterDelete: true, canDelete: true })
      expect(world.contents().size).toBe(0)
    }
  })
})

describe('the permissions that a probe needs', () => {
  test.each(['head', 'list'] as const)(
    'credentials that may not %s are refused, although they may write: absence could not be detected',
    async (operation) => {
      const storage = new FaultyStorage(world, { clock })
      storage.faults.onCall((call) => (call.operation === operation ? { kind: 'deny' } : undefined))

      await expect(probe(storage, { random })).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
      expect(world.contents().size).toBe(0)
    },
  )
})
