import { KanneryError, objectKey, type StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import {
  type Fault,
  FaultyStorage,
  MemoryStorage,
  seededRandom,
  TestClock,
} from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { putCertainly } from './put-certainly.ts'

const key = objectKey('orders/index')
const ours = Buffer.from('ours')
const theirs = Buffer.from('theirs')
const absent = { condition: { kind: 'if-absent' } } as const

/**
 * Returns a storage whose decorators give up after the first answer that does not come. Its puts
 * suffer `faults`, in their order.
 */
function impatient(...faults: readonly (Fault | undefined)[]) {
  const clock = new TestClock()
  const memory = MemoryStorage.open({ clock })
  const way = new FaultyStorage(memory, { clock })
  let puts = 0
  way.faults.onCall(({ operation }) => (operation === 'put' ? faults[puts++] : undefined))
  const retry = { deadlineMs: 1 }
  const storage: StorageBackend = decorate(way, { clock, random: seededRandom(1), retry })
  return { storage, memory, way, clock, puts: () => puts }
}

const text = (memory: MemoryStorage): string =>
  Buffer.from(memory.contents().get(key) ?? []).toString()

describe('a put with a certain outcome', () => {
  test('an object that was written without an answer is found', async () => {
    const { storage, memory, puts } = impatient({ kind: 'lose-answer' })

    const outcome = await putCertainly(storage, key, ours, absent)

    expect(outcome).toMatchObject({ kind: 'written', info: await memory.head(key) })
    expect(puts()).toBe(1)
  })

  test('an object that was not written is sent again', async () => {
    const { storage, memory, puts } = impatient({ kind: 'fail' }, { kind: 'fail' })

    expect(await putCertainly(storage, key, ours, absent)).toMatchObject({ kind: 'written' })
    expect([text(memory), puts()]).toEqual(['ours', 3])
  })

  test('an object that another process wrote meanwhile is returned, and left alone', async () => {
    const { storage, memory, puts } = impatient()
    await memory.put(key, theirs, absent)

    const outcome = await putCertainly(storage, key, ours, absent)

    expect(outcome).toMatchObject({ kind: 'refused', found: { info: { size: 6 } } })
    expect([text(memory), puts()]).toEqual(['theirs', 1])
  })

  test('a write without an answer is not sent again when the object has another version than expected', async () => {
    const { storage, memory, puts } = impatient({ kind: 'fail' })
    const { version } = await memory.put(key, Buffer.from('before'), absent)
    await memory.put(key, theirs, { condition: { kind: 'overwrite' } })

    const outcome = await putCertainly(storage, key, ours, {
      condition: { kind: 'if-version', version },
    })

    expect(outcome).toMatchObject({ kind: 'refused' })
    expect(puts()).toBe(1)
  })

  test('an object that was deleted before it could be replaced is reported as absent', async () => {
    const { storage, memory } = impatient()
    const { version } = await memory.put(key, theirs, absent)
    await memory.delete(key)

    const outcome = await putCertainly(storage, key, ours, {
      condition: { kind: 'if-version', version },
    })

    expect(outcome).toEqual({ kind: 'refused', found: undefined })
  })

  test('an outcome that stays unknown is reported as unknown after the last attempt', async () => {
    const { storage, puts } = impatient(...Array<Fault>(9).fill({ kind: 'fail' }))

    await expect(putCertainly(storage, key, ours, absent, { maxResends: 2 })).rejects.toMatchObject(
      {
        code: 'STORAGE_OUTCOME_UNKNOWN',
      },
    )
    expect(puts()).toBe(3)
  })

  test('an object with the same bytes does not count as written when it is not durable', async () => {
    const notDurable = new KanneryError('STORAGE_NOT_DURABLE', 'a power failure may undo it')
    const { storage, memory, puts } = impatient({ kind: 'fail', error: notDurable })
    await memory.put(key, ours, absent)

    await expect(putCertainly(storage, key, ours, absent)).rejects.toBe(notDurable)
    expect(puts()).toBe(1)
  })

  test('a lost answer is reported as not durable when the object that is read is not durable', async () => {
    const notDurable = new KanneryError('STORAGE_NOT_DURABLE', 'a power failure may undo it')
    const { storage, way } = impatient({ kind: 'lose-answer' })
    way.faults.onCall(({ operation }) =>
      operation === 'get' ? { kind: 'fail', error: notDurable } : undefined,
    )

    await expect(putCertainly(storage, key, ours, absent)).rejects.toBe(notDurable)
  })

  test('a request that arrives after it was sent again counts as written', async () => {
    const { storage, memory, clock } = impatient(
      { kind: 'arrive-late', milliseconds: 0 },
      { kind: 'fail' },
    )
    const writing = putCertainly(storage, key, ours, absent)
    await clock.pass(1)

    expect(await writing).toMatchObject({ kind: 'written' })
    expect(text(memory)).toBe('ours')
  })

  test('a write is not sent again when the caller no longer allows it', async () => {
    const { storage, puts } = impatient({ kind: 'fail' })
    const assertMayResend = (): void => {
      throw new Error('too late')
    }

    await expect(
      putCertainly(storage, key, ours, absent, { maxResends: 3, assertMayResend }),
    ).rejects.toThrow('too late')
    expect(puts()).toBe(1)
  })

  test('an error that leaves no doubt about the outcome is passed on', async () => {
    const { storage, puts } = impatient({ kind: 'deny' })

    await expect(putCertainly(storage, key, ours, absent)).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
    })
    expect(puts()).toBe(1)
  })
})
