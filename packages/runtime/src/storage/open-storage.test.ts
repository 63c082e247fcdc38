import type { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { MemoryLocation } from '../../test/backup-in-memory.ts'
import { openStorage, openWritableStorage } from './open-storage.ts'

async function openForWriting(memory: MemoryLocation) {
  const warnings: KanneryError[] = []
  const storage = await openWritableStorage(memory.location, (warning) => warnings.push(warning))
  return { storage, warnings }
}

describe('opening a storage', () => {
  test('a storage for reading is not written to', async () => {
    await using memory = await MemoryLocation.create()
    await using _storage = await openStorage(memory.location)

    expect(memory.accesses).toEqual(['read'])
    expect(memory.calls()).toEqual([])
  })

  test('a storage for writing is probed, and nothing of it stays', async () => {
    await using memory = await MemoryLocation.create()
    const { storage, warnings } = await openForWriting(memory)
    await storage[Symbol.asyncDispose]()

    expect(memory.accesses).toEqual(['write'])
    expect(memory.calls().some((call) => call.startsWith('put ~probe'))).toBe(true)
    expect(memory.storage.contents().size).toBe(0)
    expect(warnings).toEqual([])
  })

  test('a storage without conditions is refused', async () => {
    await using memory = await MemoryLocation.create({ ifVersion: false })

    await expect(openForWriting(memory)).rejects.toMatchObject({ code: 'STORAGE_UNSUPPORTED' })
  })

  test('what a probe finds missing is a warning, and the storage no longer offers it', async () => {
    await using memory = await MemoryLocation.create()
    memory.rules.push(({ operation }) => (operation === 'delete' ? { kind: 'deny' } : undefined))
    const denied = await openForWriting(memory)
    expect(denied.warnings).toEqual([expect.objectContaining({ code: 'STORAGE_DENIED' })])

    await using lacking = await MemoryLocation.create({ ifVersionDelete: false })
    const { storage, warnings } = await openForWriting(lacking)
    expect(warnings).toEqual([expect.objectContaining({ code: 'STORAGE_UNSUPPORTED' })])
    expect(storage.capabilities.ifVersionDelete).toBe(false)
  })
})
