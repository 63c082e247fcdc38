import {
  currentIncarnation,
  readIndex,
  type SegmentEntry,
  segmentEntries,
} from '@kannery/core/index-file'
import { parseRetention } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import { Worker, type WriterSession } from '@kannery/core/writing'
import type { KanneryError } from '@kannery/storage'
import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { applyRetention, type UpkeepOptions } from './retention-upkeep.ts'

const hourMs = 3_600_000
const settings: Readonly<Record<string, string>> = { 'cleanup.policy': 'delete' }

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

/** `topicId`: of the topic that has the name now, and these settings. */
function clusterOf(topicId: string, effective = settings): UpkeepOptions['cluster'] {
  const nothing = { topicIdBytes: new Uint8Array(16), internal: false, partitions: [] }
  const topics = [{ name: 'orders', topicId, ...nothing }]
  return {
    describeTopicConfig: async () => ({ overrides: effective, effective }),
    metadata: async () => ({ clusterId: 'cluster', controllerId: 1, brokers: new Map(), topics }),
  }
}

describe('the upkeep of retention', () => {
  test('the retention of a topic that has been quiet for days is applied without a warning', async () => {
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
      await applyRetention(session, {
        cluster: clusterOf('id'),
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

  test.each([
    ['of the topic are noted', 'id', { ...settings, 'retention.ms': '5' }, 'expired'],
    [
      'of a topic that was created again are not entered for the one that was backed up, and expire nothing',
      'another',
      settings,
      undefined,
    ],
  ])('the settings %s', async (_, topicId, noted, state) => {
    const clock = new TestClock()
    const random = seededRandom(1)
    const storage = MemoryStorage.open({ clock })
    const retention = parseRetention('1d')
    const started = { storage, clock, random: random.fork(), description: 'a', retention }
    await using worker = await Worker.start(started)
    const session = await worker.acquire('orders', { cluster: 'cluster' })
    const topic = { topicId: 'id', partitions: 1, start: {}, config: settings, effective: settings }
    await session.beginIncarnation(topic)
    await session.commit({ segment: entry(session, 0) })
    await clock.pass(48 * hourMs)
    await applyRetention(session, {
      cluster: clusterOf(topicId, { ...settings, 'retention.ms': '5' }),
      storage,
      clock,
      ids: new UlidSource({ clock, random: random.fork() }),
      onWarning: (warning) => expect.unreachable(warning.message),
      signal: new AbortController().signal,
    })

    expect(currentIncarnation(session.index)?.effective).toEqual(noted)
    const index = (await readIndex(storage, 'orders'))?.index
    expect(index?.segments.map((segment) => segment.state)).toEqual([state])
  })
})
