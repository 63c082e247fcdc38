import type { MemoryStorage, StorageCall } from '@kannery/storage-testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  broken,
  copier,
  entriesIn,
  indexIn,
  keys,
  type Source,
  secondStorage,
  startSource,
} from '../../test/copy-fixtures.ts'
import { cluster, days, minutes } from '../../test/fixtures.ts'
import { deletePruned } from '../clean-up/delete-pruned.ts'
import { liveAmong } from '../index-file/pages/named-objects.ts'
import { type NamedObject, namedObject } from '../layout/keys.ts'
import { BackupUse } from '../retention/backup-use.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { Worker } from '../writing/worker.ts'

let source: Source
let target: MemoryStorage

beforeEach(async () => {
  source = await startSource()
  target = secondStorage(source)
})

async function copy(): Promise<void> {
  await source.world.until(copier(source, target).copy())
}

function objects(): NamedObject[] {
  return [...target.contents().keys()]
    .map((key) => namedObject(keys.folder, key))
    .filter((object) => object !== undefined)
}

/** Segments and pages in the target that its index does not name as live. */
async function unnamed(): Promise<string[]> {
  const index = await indexIn(target)
  if (index === undefined) throw new Error('there is no index')
  const live = await liveAmong(target, index, objects())
  return objects().flatMap(({ id }) => (live.has(id) ? [] : [id]))
}

async function garbage(): Promise<string[]> {
  return (await indexIn(target))?.garbage.map(({ id }) => id) ?? []
}

/** What restores: the target names what the source names, and has it. */
async function expectWhole(): Promise<void> {
  expect(await entriesIn(target)).toEqual(await source.entries())
  expect(await broken(target)).toEqual([])
}

/**
 * A copy whose storage stops answering with permission at the first call that `isCut` is true of.
 */
async function cutOff(isCut: (call: StorageCall) => boolean): Promise<void> {
  const cut = copier(source, target)
  let gone = false
  cut.target.faults.onCall((call) => {
    gone ||= isCut(call)
    return gone ? { kind: 'deny' } : undefined
  })
  const failed = { code: 'STORAGE_DENIED' }
  await expect(source.world.until(cut.copy())).rejects.toMatchObject(failed)
  await source.world.pass(minutes(11))
}

/** Cut off when it is about to send the index, or so many segments. */
function afterSegments(count: number): (call: StorageCall) => boolean {
  let sent = 0
  return ({ operation, key }) =>
    operation === 'openWriter' && key.endsWith('.kan') && ++sent > count
}

/** The source replaces pages: it grows, and deletes what is in them. */
async function turnOver(): Promise<void> {
  await source.grow(60)
  await source.prune(300)
}

function edit() {
  const { clock, random } = source.world
  return { storage: target, clock, ids: new UlidSource({ clock, random }) }
}

describe('the garbage of a copy', () => {
  test('many copies of a source that grows and deletes leave what the index names and the garbage of a day', async () => {
    await source.grow(400)
    let replaced = 0
    for (let round = 0; round < 8; round++) {
      await turnOver()
      await copy()
      const [left, listed] = [await unnamed(), await garbage()]
      expect(left.toSorted(), `round ${round}`).toEqual(listed.toSorted())
      const since = (await indexIn(target))?.garbage.map((entry) => Date.parse(entry.since)) ?? []
      for (const at of since) expect(at).toBeGreaterThan(source.world.clock.now() - days(1))
      replaced += listed.length
      await source.world.pass(days(1 / 4))
    }
    expect(replaced).toBeGreaterThan(8)
    await expectWhole()
  })

  test('garbage is deleted by a copy of a source that has not changed, and then nothing is written', async () => {
    await source.grow(400)
    await copy()
    await turnOver()
    await copy()
    expect((await unnamed()).length).toBeGreaterThan(0)
    await source.world.pass(days(1))
    await copy()
    expect([await unnamed(), await garbage()]).toEqual([[], []])

    const again = copier(source, target)
    expect(await source.world.until(again.copy())).toMatchObject({ state: 'current' })
    expect(again.target.faults.calls.map(({ operation }) => operation)).toEqual(['get'])
    await expectWhole()
  })

  test.each([0, 350])(
    'what an interrupted copy after one of %i segments brought, and the source deleted since, is deleted a day later',
    async (copied) => {
      if (copied > 0) {
        await source.grow(copied)
        await copy()
      }
      await source.grow(400)
      await cutOff(afterSegments(200))
      await turnOver()
      await copy()
      expect((await garbage()).length).toBeGreaterThan(0)
      expect((await unnamed()).toSorted()).toEqual((await garbage()).toSorted())
      await expectWhole()

      await source.world.pass(days(1))
      await copy()
      expect([await unnamed(), await garbage()]).toEqual([[], []])
      await expectWhole()
    },
  )

  test('what a copy that died had published and not deleted is deleted a day later', async () => {
    await source.grow(4)
    await copy()
    await source.prune(1)
    await cutOff(({ operation, key }) => operation === 'delete' && key.endsWith('.kan'))
    await expectWhole()
    expect(await unnamed()).toHaveLength(3)
    await source.world.pass(days(1))
    await copy()
    expect([await unnamed(), await garbage()]).toEqual([[], []])
    await expectWhole()
  })

  test('an interrupted copy leaves alone a segment that the source does not know', async () => {
    await source.grow(3)
    await copy()
    const unknown = keys.segment(new UlidSource(source.world).next())
    await target.put(unknown, Buffer.from('?'), { condition: { kind: 'if-absent' } })
    await source.grow(3)
    await cutOff(afterSegments(1))
    await copy()
    await source.world.pass(days(2))
    await copy()
    expect(target.contents().has(unknown)).toBe(true)
    await expectWhole()
  })

  test('while a copy is read, copies delete nothing of it', async () => {
    await source.grow(4)
    await copy()
    {
      const options = { ...edit(), onWarning: () => undefined }
      await using _use = await BackupUse.begin('orders', 'a restore', options)
      const before = objects()
      await source.prune(1)
      await copy()
      await source.world.pass(days(2))
      await copy()
      expect(objects()).toEqual(before)
    }
    await copy()
    expect([await unnamed(), await garbage()]).toEqual([[], []])
    await expectWhole()
  })

  test('one object that may not be deleted keeps no other one in a copy, and goes when it may be', async () => {
    await source.grow(5)
    await copy()
    const locked = keys.segment((await source.entries())[1]?.id ?? ('' as never))
    await source.prune(1)
    const refused = copier(source, target)
    refused.target.faults.onCall(({ operation, key }) =>
      operation === 'delete' && key === locked ? { kind: 'deny' } : undefined,
    )
    await expect(source.world.until(refused.copy())).rejects.toMatchObject({
      facts: { key: locked },
    })
    expect((await unnamed()).map((id) => keys.segment(id as never))).toEqual([locked])
    await source.world.pass(days(1))
    await copy()
    expect([await unnamed(), await garbage()]).toEqual([[], []])
  })

  test('a backup that continues from a copy deletes the garbage of the copy, and nothing else', async () => {
    await source.grow(400)
    await copy()
    await turnOver()
    await copy()
    const live = await entriesIn(target)
    expect((await unnamed()).length).toBeGreaterThan(0)

    const { clock, random } = source.world
    const description = 'a backup'
    await using worker = await Worker.start({
      storage: target,
      clock,
      random: random.fork(),
      description,
    })
    await source.world.pass(days(1))
    const session = await worker.acquire('orders', { cluster })
    await source.world.until(deletePruned(session, edit()))
    expect([await unnamed(), await garbage()]).toEqual([[], []])
    expect(await entriesIn(target)).toEqual(live)
    expect(await broken(target)).toEqual([])
  })
})
