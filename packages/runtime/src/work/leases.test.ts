import { Worker } from '@kannery/core/writing'
import { expect, test } from 'vitest'
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

test('a lease is told with its holder and when it counts as orphaned', async () => {
  await using memory = await MemoryLocation.create()
  await using _worker = await holding(memory)
  const { report } = await listBackupLeases(memory.location)
  const [lease] = report.leases

  expect(lease).toEqual(await findBackupLease(memory.location, 'orders'))
  expect(lease).toMatchObject({ topic: 'orders', holder: 'backup-0 (pid 7)' })
  expect(Date.parse(lease?.orphanedAt ?? '') - Date.parse(lease?.lastSeen ?? '')).toBe(305_000)
  expect(memory.accesses).toEqual(['read', 'read'])
})

test('a broken lease is gone, and who held it is told', async () => {
  await using memory = await MemoryLocation.create()
  await using _worker = await holding(memory)
  const broken = await breakBackupLease(memory.location, 'orders', () => {})

  expect(broken.holder).toBe('backup-0 (pid 7)')
  expect((await listBackupLeases(memory.location)).report).toEqual({ leases: [], failed: [] })
  await expect(findBackupLease(memory.location, 'orders')).rejects.toMatchObject({
    code: 'STORAGE_NOT_FOUND',
    message: expect.stringContaining('nobody holds'),
  })
})
