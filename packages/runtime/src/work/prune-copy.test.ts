import { requireIndex } from '@kannery/core/index-file'
import { describe, expect, test } from 'vitest'
import { MemoryLocation, writeBackup } from '../../test/backup-in-memory.ts'
import { runCopy } from './copy.ts'
import { pruneBackups } from './prune.ts'

describe('a prune of a copy', () => {
  test.each([false, true])(
    'a copy whose garbage is old is not pruned, and stays a copy (dry run: %s)',
    async (dryRun) => {
      await using source = await MemoryLocation.create()
      await using target = await MemoryLocation.create()
      const [entry] = await writeBackup(source.storage, {
        topic: 'orders',
        segments: [{ records: 1 }],
      })
      if (entry === undefined) throw new Error('no segment')
      await copy(source, target)
      await target.editIndex('orders', (index) => ({
        ...index,
        garbage: [{ id: index.commit, kind: 'page', since: '2020-01-01T00:00:00.000Z' }],
      }))

      const pruned = pruneBackups({ storage: target.location, dryRun, onWarning: () => undefined })
      await expect(pruned).rejects.toMatchObject({ code: 'INDEX_FOREIGN' })
      const { index } = await requireIndex(target.storage, 'orders')
      expect(index.copyOf).toBeDefined()
      expect(index.garbage).toHaveLength(1)
    },
  )
})

async function copy(source: MemoryLocation, target: MemoryLocation): Promise<void> {
  const { error } = await runCopy({
    source: source.location,
    target: target.location,
    topics: [],
    lease: { ttlMs: 300_000, waitMs: 0, identity: undefined },
    watchEveryMs: undefined,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onWarning: () => undefined,
  })
  expect(error).toBeUndefined()
}
