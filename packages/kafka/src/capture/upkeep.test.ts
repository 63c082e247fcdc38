import {
  parseRetention,
  readIndex,
  type SegmentEntry,
  segmentEntries,
  UlidSource,
  Worker,
  type WriterSession,
} from '@kannery/core'
import type { KanneryError } from '@kannery/storage'
import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { expect, test } from 'vitest'
import { keepUp } from './upkeep.ts'

const hourMs = 3_600_000
const settings = { 'cleanup.policy': 'delete' }

function entry(session: WriterSession, at: number): SegmentEntry {
  return {
    id: session.newSegmentId(),
    in: 0,
    bytes: 1000,
    digest: 'crc32c:00000000',
    records: 1,
    offsets: { 0: [at, at + 1, 0] },
    time: null,
    captured: ['2026-11-23T07:00:00.000Z', '2026-11-23T07:00:00.000Z'],
    maxBatchBytes: 1000,
    flags: [],
    expires: null,
  }
}

test('the retention of a topic that has been quiet for days is looked after, without a warning', async () => {
  const clock = new TestClock()
  const random = seededRandom(1)
  const storage = MemoryStorage.open({ clock })
  const retention = parseRetention('1d')
  const started = { storage, clock, random: random.fork(), description: 'a', retention }
  await using worker = await Worker.start(started)
  const session = await worker.acquire('orders', { cluster: 'cluster' })
  const topic = { topicId: 'id', partitions: 1, start: {}, config: settings, effective: settings }
  await session.beginIncarnation(topic)
  for (let at = 0; at < 300; at++) await session.commit({ segment: entry(session, at) })
  await clock.pass(24 * hourMs)

  const warnings: KanneryError[] = []
  for (let looks = 0; looks < 6; looks++) {
    await keepUp(session, {
      cluster: { describeTopicConfig: async () => ({ overrides: settings, effective: settings }) },
      storage,
      clock,
      ids: new UlidSource({ clock, random: random.fork() }),
      onWarning: (warning) => warnings.push(warning),
      signal: new AbortController().signal,
    })
    await clock.pass(12 * hourMs)
  }

  expect(warnings).toEqual([])
  const index = (await readIndex(storage, 'orders'))?.index
  if (index === undefined) throw new Error('the index is gone')
  const entries = await Array.fromAsync(segmentEntries(storage, index))
  expect(entries.filter(({ state }) => state !== 'deleted')).toEqual([])
})
