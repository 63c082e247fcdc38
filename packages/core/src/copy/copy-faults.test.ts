import type { FaultRule, FaultyStorage, StorageCall } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import {
  broken,
  copier,
  entriesIn,
  indexIn,
  type Source,
  secondStorage,
  startSource,
} from '../../test/copy-fixtures.ts'
import { minutes } from '../../test/fixtures.ts'

/** The calls of a copy, to either storage, counted together. */
function onCall(
  storages: readonly FaultyStorage[],
  rule: (nth: number, call: StorageCall) => ReturnType<FaultRule>,
): void {
  let nth = 0
  for (const { faults } of storages) faults.onCall((call) => rule(++nth, call))
}

/**
 * Returns a target that has a copy already, and a source that has changed since: it was extended,
 * pruned, and rolled into pages.
 */
async function outdatedCopy(): Promise<{
  source: Source
  target: ReturnType<typeof secondStorage>
}> {
  const source = await startSource()
  const target = secondStorage(source)
  await source.grow(3)
  await source.world.until(copier(source, target).copy())
  await source.prune(2)
  await source.grow(2)
  return { source, target }
}

describe('a copy while things go wrong', () => {
  test.each([false, true])(
    'killed at every call (which was applied: %s), the target restores, and the next copy completes it',
    async (applied) => {
      let killed = true
      for (let at = 1; killed; at++) {
        const { source, target } = await outdatedCopy()
        const before = await entriesIn(target)
        const dying = copier(source, target)
        killed = false
        onCall([dying.source, dying.target], (nth) => {
          if (nth < at) return undefined
          killed = true
          return { kind: 'hang', applied: applied && nth === at }
        })
        dying.copy().catch(() => undefined)
        await source.world.pass(minutes(1))

        expect(await broken(target), `killed at call ${at}`).toEqual([])
        const there = await entriesIn(target)
        expect([before, await source.entries()], `killed at call ${at}`).toContainEqual(there)
        // The backup continues, and deletes, before the next copy.
        await source.grow(1)
        await source.prune(2)
        await source.world.pass(minutes(11))
        const next = copier(source, target).copy()
        await source.world.until(next)
        expect(await entriesIn(target)).toEqual(await source.entries())
        expect(await broken(target)).toEqual([])
      }
    },
  )

  test('pruned before every call in turn, the source is read again, and the target is whole at every call', async () => {
    let pruned = true
    let readAgain = 0
    for (let at = 1; pruned; at++) {
      const { source, target } = await outdatedCopy()
      const { memory } = source.world
      const one = copier(source, target)
      const whole: Promise<string[]>[] = []
      pruned = false
      onCall([one.source, one.target], (nth) => {
        whole.push(broken(target))
        if (nth !== at) return undefined
        pruned = true
        void source.grow(1).then(() => source.prune(1))
        return { kind: 'delay', milliseconds: 1000 }
      })
      await source.world.until(one.copy())

      const indexReads = one.source.faults.calls.filter(({ key }) => key === 'orders/index')
      if (indexReads.length > 1) readAgain++
      expect((await Promise.all(whole)).flat(), `pruned at call ${at}`).toEqual([])
      await source.world.until(copier(source, target).copy())
      expect(await entriesIn(target)).toEqual(await entriesIn(memory))
      expect(await broken(target)).toEqual([])
    }
    expect(readAgain).toBeGreaterThan(0)
  })

  test('answers that are lost, one after the other, change nothing', async () => {
    let lost = true
    for (let at = 1; lost; at++) {
      const { source, target } = await outdatedCopy()
      const one = copier(source, target)
      lost = false
      onCall([one.source, one.target], (nth, { operation }) => {
        if (nth !== at) return undefined
        lost = true
        return operation === 'write' ? undefined : { kind: 'lose-answer' }
      })
      await source.world.until(one.copy())

      expect(await entriesIn(target), `lost at call ${at}`).toEqual(await source.entries())
      expect(await broken(target)).toEqual([])
      expect((await indexIn(target))?.copyOf?.commit).toBe(
        (await indexIn(source.world.memory))?.commit,
      )
    }
  })

  test('a copy whose target goes away says why it failed, also when it cannot give the topic back', async () => {
    const { source, target } = await outdatedCopy()
    const cut = copier(source, target)
    let gone = false
    cut.target.faults.onCall(({ operation }) => {
      gone ||= operation === 'openWriter'
      return gone ? { kind: 'deny' } : undefined
    })

    await expect(source.world.until(cut.copy())).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    expect(cut.warnings.map(({ code }) => code)).toContain('STORAGE_DENIED')
  })
})
