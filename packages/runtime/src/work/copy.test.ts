import { topicKeys } from '@kannery/core/layout'
import { KanneryError } from '@kannery/storage'
import { describe, expect, test } from 'vitest'
import { MemoryLocation, writeBackup } from '../../test/backup-in-memory.ts'
import { type CopyAdvance, runCopy } from './copy.ts'

/** Copies from one memory to another. */
async function copy(source: MemoryLocation, target: MemoryLocation) {
  const progress: CopyAdvance[] = []
  const outcome = await runCopy({
    source: source.location,
    target: target.location,
    topics: [],
    lease: { ttlMs: 300_000, waitMs: 0, identity: undefined },
    watchEveryMs: undefined,
    signal: new AbortController().signal,
    onProgress: (advance) => progress.push(advance),
    onWarning: () => {},
  })
  return { ...outcome, progress }
}

describe('a copy of a backup', () => {
  test('a segment that cannot be read keeps only its own topic from being copied', async () => {
    await using source = await MemoryLocation.create()
    await using target = await MemoryLocation.create()
    const [bad] = await writeBackup(source.storage, { topic: 'a', segments: [{ records: 4 }] })
    await writeBackup(source.storage, { topic: 'b', segments: [{ records: 5 }] })
    if (bad === undefined) throw new Error('no segment')
    const key = topicKeys('a').segment(bad.id)
    source.rules.push((call) =>
      call.operation === 'get' && call.key === key ? { kind: 'deny' } : undefined,
    )

    const { report, error } = await copy(source, target)
    expect(report).toMatchObject({
      topics: [
        { topic: 'a', segments: 0, error: { code: 'STORAGE_DENIED' } },
        { topic: 'b', segments: 1, records: 5 },
      ],
      failed: [{ topic: 'a', code: 'STORAGE_DENIED' }],
    })
    expect(error).toMatchObject({ code: 'STORAGE_DENIED' })
  })

  test('a topic whose copy ends in doubt keeps no other one from being copied', async () => {
    await using source = await MemoryLocation.create()
    await using target = await MemoryLocation.create()
    await writeBackup(source.storage, { topic: 'a', segments: [{ records: 4 }] })
    await writeBackup(source.storage, { topic: 'b', segments: [{ records: 5 }] })
    const error = new KanneryError('STORAGE_OUTCOME_UNKNOWN', 'no answer came')
    target.rules.push((call) =>
      call.operation === 'openWriter' && call.key.startsWith('a/')
        ? { kind: 'fail', error }
        : undefined,
    )

    const { report } = await copy(source, target)
    expect(report).toMatchObject({
      topics: [
        { topic: 'a', error: { code: 'STORAGE_OUTCOME_UNKNOWN' } },
        { topic: 'b', segments: 1, records: 5 },
      ],
      failed: [{ topic: 'a', code: 'STORAGE_OUTCOME_UNKNOWN' }],
    })
  })

  test('a source that goes away ends the copy, and what was copied before is reported', async () => {
    await using source = await MemoryLocation.create()
    await using target = await MemoryLocation.create()
    for (const topic of ['a', 'b', 'c']) {
      await writeBackup(source.storage, { topic, segments: [{ records: 4 }] })
    }
    let isAway = false
    source.rules.push(({ operation, key }) => {
      isAway ||= operation === 'get' && key === 'b/index'
      return isAway ? { kind: 'deny' } : undefined
    })

    const { report, error } = await copy(source, target)
    expect(report).toMatchObject({
      topics: [
        { topic: 'a', segments: 1 },
        { topic: 'b', error: { code: 'STORAGE_DENIED' } },
      ],
      failed: [{ topic: 'b' }],
    })
    expect(report.topics).toHaveLength(2)
    expect(error).toMatchObject({ code: 'STORAGE_DENIED' })
  })

  test('the total is not given before the last topic, so that no share of one topic looks like that of all', async () => {
    await using source = await MemoryLocation.create()
    await using target = await MemoryLocation.create()
    await writeBackup(source.storage, { topic: 'a', segments: [{ records: 4 }] })
    await writeBackup(source.storage, { topic: 'b', segments: [{ records: 5 }, { records: 6 }] })

    const { progress } = await copy(source, target)
    expect(progress.map(({ records, total }) => [records, total])).toEqual([
      [4, undefined],
      [9, 15],
      [15, 15],
    ])
  })
})
