import { MemoryStorage } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { copier, entriesIn, type Source } from '../../test/copy-fixtures.ts'
import { cluster, World } from '../../test/fixtures.ts'
import { stored } from '../../test/stored-segments.ts'
import { rebuildIndex } from '../rebuild/rebuild-index.ts'
import type { RecoverySource } from '../recovery/adoption.ts'
import { Worker } from '../writing/worker.ts'

/** Kafka is gone, and all that it had. */
const lostKafka: RecoverySource = {
  topicId: 'topic-id',
  canServe: async () => false,
  agrees: async () => true,
}

/**
 * A backup of three segments, and a copy of its first `copied` ones; then a copy that is cut off
 * after the second.
 */
async function cutOff({ copied }: { readonly copied: number }) {
  const world = new World()
  const session = await world.writer('a')
  const source: Pick<Source, 'world'> = { world }
  const target = MemoryStorage.open({ clock: world.clock })
  for (let at = 0; at < 3; at++) {
    if (at > 0 && at === copied) await copier(source, target).copy()
    await stored(world, session, { 0: [at * 10, at * 10 + 10] })
  }
  const cut = copier(source, target)
  const written = new Set<string>()
  cut.target.faults.onCall(({ operation, key }) => {
    if (!key.endsWith('.kan') || operation === 'get' || operation === 'head') return undefined
    written.add(key)
    return written.size + copied > 2 ? { kind: 'deny' } : undefined
  })
  await expect(world.until(cut.copy())).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
  return { world, target }
}

function segmentsIn(target: MemoryStorage): number {
  return [...target.contents().keys()].filter((key) => key.endsWith('.kan')).length
}

async function worker({ clock, random }: World, storage: MemoryStorage): Promise<Worker> {
  return await Worker.start({ storage, clock, random: random.fork(), description: 'a backup' })
}

describe('a copy that becomes a backup', () => {
  test('a first copy that was cut off cannot be continued as a backup until it is rebuilt', async () => {
    const { world, target } = await cutOff({ copied: 0 })
    await using before = await worker(world, target)
    await expect(before.acquire('orders', { cluster })).rejects.toMatchObject({
      code: 'INDEX_MISSING',
    })

    await rebuildIndex('orders', { storage: target, worker: before, retention: { kind: 'keep' } })

    const session = await before.acquire('orders', { cluster })
    expect(session.nextOffsets()).toEqual(new Map([[0, 20]]))
    expect(await entriesIn(target)).toHaveLength(segmentsIn(target))
  })

  test('a backup that continues from a later copy that was cut off adopts what it had copied', async () => {
    const { world, target } = await cutOff({ copied: 1 })
    await using successor = await worker(world, target)
    const session = await successor.acquire('orders', { cluster })
    const { adopted, garbage } = await session.recover(lostKafka)
    expect([adopted.length, garbage.length]).toEqual([1, 0])
    expect(session.nextOffsets()).toEqual(new Map([[0, 20]]))
  })
})
