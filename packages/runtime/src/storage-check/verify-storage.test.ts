import { KanneryError, objectKey, type StorageBackend } from '@kannery/storage'
import type { ContractCase } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { MemoryLocation } from '../../test/backup-in-memory.ts'
import { probeStorage } from './probe-storage.ts'
import { verifyStorage } from './verify-storage.ts'

async function verify(
  memory: MemoryLocation,
  contract?: readonly ContractCase[],
  signal = new AbortController().signal,
) {
  return await verifyStorage({
    storage: memory.location,
    signal,
    onProgress: () => {},
    ...(contract === undefined ? {} : { contract }),
  })
}

const put = async (storage: StorageBackend, key: string): Promise<void> => {
  await storage.put(objectKey(key), Buffer.from('x'), { condition: { kind: 'if-absent' } })
}

const writes: ContractCase = {
  name: 'it keeps what is put',
  async run(context) {
    await using storage = await context.open()
    await put(storage, `${context.prefix}a`)
  },
}

describe('the verification of a storage', () => {
  test('a storage that keeps all promises passes, with latencies, and nothing remains in it', async () => {
    await using memory = await MemoryLocation.create({ retainUntil: true })
    memory.bare = true
    await put(memory.storage, 'orders/index')
    const report = await verify(memory)

    expect(report.promises.length).toBeGreaterThan(20)
    expect(report.promises.filter(({ result }) => result === 'broken')).toEqual([])
    expect(report).toMatchObject({ location: 'memory://test', type: 'memory', leftBehind: [] })
    const operations = report.latencies.map(({ operation }) => operation)
    expect(operations).toEqual(expect.arrayContaining(['put', 'get', 'list', 'delete']))
    expect([...memory.storage.contents().keys()]).toEqual(['orders/index'])
  })

  test('a broken promise is named with what was seen and what to do; the others are still checked', async () => {
    await using memory = await MemoryLocation.create()
    const broken: ContractCase = {
      name: 'it may be written to',
      run: async () => {
        throw new KanneryError('STORAGE_DENIED', 'no', { remedy: 'Give s3:PutObject.' })
      },
    }

    expect((await verify(memory, [broken, writes])).promises).toEqual([
      {
        promise: 'it may be written to',
        result: 'broken',
        durationMs: expect.any(Number),
        reason: expect.stringContaining('STORAGE_DENIED'),
        remedy: 'Give s3:PutObject.',
      },
      expect.objectContaining({ result: 'kept' }),
    ])
  })

  test('what a storage does not offer has to be refused', async () => {
    await using memory = await MemoryLocation.create({ retainUntil: false })
    const locks = (refuse: () => Promise<void>): ContractCase => ({
      name: 'it locks objects',
      needs: ['retainUntil'],
      run: async () => {
        throw new Error('not to be run')
      },
      refuse,
    })
    const { promises } = await verify(memory, [
      locks(async () => {}),
      locks(async () => {
        throw new Error('it was taken and ignored')
      }),
    ])

    expect(promises.map(({ result }) => result)).toEqual(['refused', 'broken'])
  })

  test('an interruption cleans up', async () => {
    await using memory = await MemoryLocation.create()
    const stop = new AbortController()
    const interrupting: ContractCase = {
      name: 'interrupts',
      async run(context) {
        await put(await context.open(), `${context.prefix.replace('/1/', '/')}stays`)
        stop.abort(new Error('enough'))
      },
    }

    await expect(verify(memory, [writes, interrupting, writes], stop.signal)).rejects.toThrow(
      'enough',
    )
    expect([...memory.storage.contents().keys()]).toEqual([])
  })

  test('a storage that cannot give back unfinished uploads is cleaned up all the same', async () => {
    await using memory = await MemoryLocation.create()
    memory.rules.push(({ operation }) =>
      operation === 'sweepUnfinished' ? { kind: 'deny' } : undefined,
    )

    expect((await verify(memory, [writes])).leftBehind).toEqual([])
    expect(memory.storage.contents().size).toBe(0)
  })

  test('what cannot be cleaned up is named', async () => {
    await using memory = await MemoryLocation.create()
    memory.rules.push(({ operation }) =>
      operation === 'deleteMany' || operation === 'delete' ? { kind: 'deny' } : undefined,
    )

    expect((await verify(memory, [writes])).leftBehind).toEqual([
      expect.stringMatching(/^~verify-[0-9a-f]+\/0\/a$/),
      expect.stringMatching(/^~verify-[0-9a-f]+\/first$/),
    ])
  })

  test('a storage that cannot be reached at all is one error', async () => {
    await using memory = await MemoryLocation.create()
    memory.rules.push(() => ({ kind: 'deny' }))

    await expect(verify(memory)).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
  })

  test('a probe reports what a backup would find', async () => {
    await using memory = await MemoryLocation.create({ ifVersionDelete: false })

    expect(await probeStorage(memory.location)).toMatchObject({
      type: 'memory',
      canDelete: true,
      capabilities: { ifVersion: true, ifVersionDelete: false },
      warnings: [{ code: 'STORAGE_UNSUPPORTED' }],
    })
    expect(memory.storage.contents().size).toBe(0)
  })
})
