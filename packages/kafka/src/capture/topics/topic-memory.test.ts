import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeIndex, type Index, type SegmentEntry } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import { UlidSource } from '@kannery/core/ulid'
import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { CaptureUnderTest } from '../../../test/capture-run.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const topicCount = 100
const partitions = Array.from({ length: 6 }, (_, partition) => partition)
/** As many as an index has before the oldest move into a page. */
const tailEntries = 256
const limitBytes = 40 * 1024

const clock = new TestClock()
const ids = new UlidSource({ clock, random: seededRandom(1) })
/** As many settings as a topic has. */
const effective = Object.fromEntries(
  Array.from({ length: 35 }, (_, at) => [`setting.number.${at}`, String(1_000_000 + at)]),
)

function generatedTopic(at: number): TopicMetadata {
  const topicIdBytes = Buffer.alloc(16)
  topicIdBytes.writeInt32BE(at + 1, 0)
  const leader = { leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] }
  return {
    name: `topic-${at}`,
    topicId: topicIdBytes.toString('base64url'),
    topicIdBytes,
    internal: false,
    partitions: partitions.map((partition) => ({ partition, ...leader })),
  }
}

function generatedEntry(at: number): SegmentEntry {
  const range = [at * 1000, (at + 1) * 1000, 5] as const
  return {
    id: ids.next(),
    in: 0,
    bytes: 10_485_760 + at,
    digest: `crc32c:${((at * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}`,
    records: 81_234,
    offsets: Object.fromEntries(partitions.map((partition) => [partition, range])),
    time: [1_763_881_201_001 + at, 1_763_881_499_120 + at],
    captured: ['2026-11-23T07:00:00.000Z', '2026-11-23T07:05:00.000Z'],
    maxBatchBytes: 1_048_576,
    flags: [],
    expires: '2026-12-23T07:04:59.120Z',
  }
}

function generatedIndex({ name, topicId }: TopicMetadata): Index {
  return {
    format: 1,
    requires: { read: [], write: [] },
    topic: name,
    cluster: 'generated',
    epoch: 3,
    writer: 'before',
    commit: ids.next(),
    retention: {},
    points: [],
    holds: [],
    keys: [],
    garbage: [],
    incarnations: [
      {
        n: 0,
        topicId,
        branch: 0,
        since: '2026-11-23T07:00:00.000Z',
        partitions: partitions.length,
        start: {},
        baseline: null,
        config: {},
        effective,
      },
    ],
    pages: [],
    segments: Array.from({ length: tailEntries }, (_, at) => generatedEntry(at)),
    gaps: [],
    extra: {},
  }
}

/** Its broker never gets a connection: what is measured is what is held of topics that wait. */
function generatedCluster(topics: readonly TopicMetadata[]): KafkaCluster {
  const broker = { id: 1, host: 'generated', port: 9092, rack: undefined }
  const brokers = new Map([[1, broker]])
  const cluster = {
    clusterId: 'generated',
    metadata: async () => ({ clusterId: 'generated', controllerId: 1, brokers, topics }),
    describeTopicConfig: async () => ({ overrides: {}, effective: { ...effective } }),
    openConnection: () => new Promise(() => undefined),
  }
  return cluster as unknown as KafkaCluster
}

/** What is in use, in bytes: the heap, and buffers outside it. */
async function bytesInUse(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('the memory of a topic', () => {
  test('a topic that is followed takes at most 40 KiB beside the budget, however long its backup is', {
    timeout: 120_000,
  }, async () => {
    const storage = MemoryStorage.open({ clock })
    const topics = Array.from({ length: topicCount }, (_, at) => generatedTopic(at))
    for (const topic of topics) {
      const bytes = encodeIndex(generatedIndex(topic))
      await storage.put(topicKeys(topic.name).index, bytes, { condition: { kind: 'overwrite' } })
    }
    const cluster = generatedCluster(topics)
    const before = await bytesInUse()
    const run = new CaptureUnderTest({ cluster, storage, clock, topics: ['topic-*'] })
    while (run.opened.length < topicCount) await clock.pass(100)
    await clock.pass(5000)
    const following = await bytesInUse()
    const report = await clock.passUntil(run.stop())

    expect(report.topics).toHaveLength(topicCount)
    expect((following - before) / topicCount).toBeLessThan(limitBytes)
  })
})
