import {
  KanneryError,
  type ObjectKey,
  type ObjectVersion,
  probe,
  type StorageBackend,
  type StoredObject,
} from '@kannery/storage'
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

test('a store that keeps its promises is used, and nothing is left behind', async () => {
  expect(await probe(world, { random })).toEqual({
    ifVersionDelete: true,
    canDelete: true,
    warnings: [],
  })
  expect(world.contents().size).toBe(0)
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

describe('a store is refused, and cleaned up, that', () => {
  test.each<[string, () => StorageBackend, RegExp]>([
    ['creates what exists', () => ignoring((kind) => kind === 'if-absent'), /created again/],
    [
      'replaces another version',
      () => ignoring((kind, present) => kind === 'if-version' && present !== undefined),
      /has another version/,
    ],
    [
      'replaces what is not there',
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
  ])('%s', async (_, open, why) => {
    await expect(probe(open(), { random })).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      why: expect.stringMatching(why),
      remedy: expect.stringContaining('docs/providers.md'),
    })
    expect(world.contents().size).toBe(0)
  })
})

test('an error of the storage is passed on, after a clean-up', async () => {
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
])('a store is used with a warning where the condition on delete is %s', async (_, open) => {
  const report = await probe(open(), { random })

  expect(report).toMatchObject({ ifVersionDelete: false, canDelete: true })
  expect(report.warnings.map((warning) => warning.code)).toEqual(['STORAGE_UNSUPPORTED'])
  expect(world.contents().size).toBe(0)
})

test('credentials that may not delete are told', async () => {
  const denying = new FaultyStorage(world, { clock })
  denying.faults.onCall(({ operation }) => (operation === 'delete' ? { kind: 'deny' } : undefined))
  const report = await probe(denying, { random })

  expect(report).toMatchObject({ ifVersionDelete: true, canDelete: false })
  expect(report.warnings.map((warning) => warning.code)).toEqual(['STORAGE_DENIED'])
  for (const key of world.contents().keys()) expect(key).toMatch(/^~probe-[0-9a-f]{32}-[ab]$/)
})
