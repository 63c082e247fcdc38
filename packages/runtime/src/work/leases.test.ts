import { Worker } from '@kannery/core/writing'
import { describe, expect, test } from 'vitest'
import { MemoryLocation } from '../../test/backup-in-memory.ts'
import { systemClock, systemRandom } from '../system.ts'
import { breakBackupLease, findBackupLease, listBackupLeases } from './leases.ts'

async function holding(memory: MemoryLocation) {
  const { storage } = memory
  const worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    description: 'backup-0 (pid 7)',
  })
  await worker.acquire('orders', { cluster: 'c' })
  return worker
}

describe('the leases of a backup', () => {
  test('a lease is shown with its holder and the time at which it counts as orphaned', async () => {
    await using memory = await MemoryLocation.create()
    await using _worker = await holding(memory)
    const { report } = await listBackupLeases(memory.location)
    const [lease] = report.leases

    expect(lease).toEqual(await findBackupLease(memory.location, 'orders'))
    expect(lease).toMatchObject({ topic: 'orders', holder: 'backup-0 (pid 7)' })
    expect(Date.parse(lease?.orphanedAt ?? '') - Date.parse(lease?.lastSeen ?? '')).toBe(305_000)
    expect(memory.accesses).toEqual(['read', 'read'])
  })

  test('a broken lease is gone, and its holder is returned', async () => {
    await using memory = await MemoryLocation.create()
    await using _worker = await holding(memory)
    const broken = await breakBackupLease(memory.location, 'orders', () => {})

    expect(broken.holder).toBe('backup-0 (pid 7)')
    expect((await listBackupLeases(memory.location)).report).toEqual({ leases: [], failed: [] })
    await expect(findBackupLease(memory.location, 'orders')).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
      message: expect.stringContaining('no writer holds'),
    })
  })
})
