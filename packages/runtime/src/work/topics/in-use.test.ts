import { requireIndex } from '@kannery/core/index-file'
import { readHolds } from '@kannery/core/retention'
import type { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { MemoryLocation, writeBackup } from '../../../test/backup-in-memory.ts'
import { markInUse } from './in-use.ts'

const unexpected = (warning: KanneryError): void => {
  throw warning
}

async function reasons(memory: MemoryLocation): Promise<readonly (string | undefined)[]> {
  const { index } = await requireIndex(memory.storage, 'orders')
  return readHolds(index).map(({ reason }) => reason)
}

describe('the mark of a backup in use', () => {
  test('a backup is marked as in use by a restore, and by nothing when that ends', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 1 }] })
    {
      await using _use = await markInUse(['orders'], memory.location, unexpected)
      expect(await reasons(memory)).toEqual([expect.stringContaining('being restored by')])
    }
    expect(await reasons(memory)).toEqual([])
  })

  test('with credentials that may only read, a backup is restored without a mark', async () => {
    await using memory = await MemoryLocation.create()
    await writeBackup(memory.storage, { topic: 'orders', segments: [{ records: 1 }] })
    memory.rules.push(({ operation }) =>
      ['put', 'openWriter', 'delete'].includes(operation) ? { kind: 'deny' } : undefined,
    )
    await using _use = await markInUse(['orders'], memory.location, unexpected)
    expect(await reasons(memory)).toEqual([])
  })

  test('to mark a topic that is not there writes nothing', async () => {
    await using memory = await MemoryLocation.create()
    await using _use = await markInUse(['orders'], memory.location, unexpected)
    expect(memory.storage.contents().size).toBe(0)
  })
})
