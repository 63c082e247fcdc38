import type { StorageBackend } from '@kannery/storage'
import { isConflict, KanneryError, objectKey } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import { describe, expect, test } from 'vitest'
import {
  FaultyStorage,
  MemoryStorage,
  type SeededRandom,
  seededFaults,
  seededRandom,
  TestClock,
} from '../src/index.ts'

const key = objectKey('orders/index')

/** Adds `entry` to the list that the object holds. Whether it is known to be there. */
async function add(storage: StorageBackend, entry: string): Promise<boolean> {
  for (;;) {
    const found = await readObject(storage, key)
    const list = found === undefined ? [] : entriesOf(found.bytes)
    // The writer got a conflict, but another one built on what it wrote.
    if (list.includes(entry)) return true
    const condition = found
      ? ({ kind: 'if-version', version: found.info.version } as const)
      : ({ kind: 'if-absent' } as const)
    try {
      await storage.put(key, Buffer.from(JSON.stringify([...list, entry])), { condition })
      return true
    } catch (error) {
      if (KanneryError.is(error, 'STORAGE_OUTCOME_UNKNOWN')) return false
      if (!isConflict(error)) throw error
    }
  }
}

function entriesOf(bytes: Uint8Array): string[] {
  return JSON.parse(Buffer.from(bytes).toString()) as string[]
}

async function play(
  seed: number,
): Promise<{ acknowledged: string[]; unknown: number; list: string[] }> {
  const clock = new TestClock()
  const world = MemoryStorage.open({ clock })
  const random = seededRandom(seed)
  const acknowledged: string[] = []
  let unknown = 0
  const client = async (name: string, own: SeededRandom): Promise<void> => {
    const faulty = new FaultyStorage(world.anotherHandle(), { clock })
    faulty.faults.onCall(
      seededFaults(own.fork(), {
        probability: 0.4,
        longestDelayMs: 40_000,
        kinds: [
          'fail',
          'lose-answer',
          'delay',
          'arrive-late',
          'answer-late',
          'throttle',
          'truncate',
        ],
      }),
    )
    const storage = decorate(faulty, { clock, random: own })
    for (let count = 0; count < 5; count++) {
      try {
        if (await add(storage, `${name}${count}`)) acknowledged.push(`${name}${count}`)
        else unknown++
      } catch (error) {
        // It could not be read for a minute.
        if (!KanneryError.is(error)) throw error
      }
    }
  }
  const clients = ['a', 'b', 'c'].map((name) => client(name, random.fork()))
  await clock.passUntil(Promise.all(clients))
  await clock.pass(86_400_000)
  const found = await readObject(world, key)
  return { acknowledged, unknown, list: entriesOf(found?.bytes ?? Buffer.from('[]')) }
}

describe('writes with retries (rule U)', () => {
  test('are stored exactly once if they were acknowledged, whatever is lost, late or throttled', async () => {
    let [acknowledged, unknown] = [0, 0]
    for (let seed = 0; seed < 150; seed++) {
      const story = await play(seed)
      expect(new Set(story.list).size, `seed ${seed}`).toBe(story.list.length)
      expect(story.list, `seed ${seed}`).toEqual(expect.arrayContaining(story.acknowledged))
      acknowledged += story.acknowledged.length
      unknown += story.unknown
    }
    // The retries are worth something, and the faults are bad enough.
    expect(acknowledged).toBeGreaterThan(0.9 * 150 * 15)
    expect(unknown).toBeGreaterThan(0)
  })
})
