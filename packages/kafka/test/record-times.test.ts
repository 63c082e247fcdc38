import { MemoryStorage, realClock } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { RestoreWindow } from '../src/reading/window.ts'
import { captureOnce } from './capture-run.ts'
import { readCaptured } from './captured.ts'
import { readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { restoreTopic } from './restore-topic.ts'
import { TestBroker } from './test-broker.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
let broker: TestBroker
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
  broker = await TestBroker.connect(cluster)
})
afterAll(async () => {
  await broker[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

const anyTimestamp = {
  'message.timestamp.before.max.ms': String(2n ** 63n - 1n),
  'message.timestamp.after.max.ms': String(2n ** 63n - 1n),
}
const nanoseconds = 1_763_881_201_001_000_000n

/** A topic whose batches have records of these times, backed up. */
async function backUp(
  batches: readonly (readonly bigint[])[],
): Promise<{ readonly storage: MemoryStorage; readonly topic: string }> {
  const topic = uniqueTopic('times')
  await broker.createTopic(topic, 1, anyTimestamp)
  for (const times of batches) {
    await broker.send(topic, { records: times.map((timestamp) => ({ timestamp })) })
  }
  const storage = MemoryStorage.open({ clock: realClock })
  await captureOnce({ cluster, storage, topics: [topic] })
  return { storage, topic }
}

/**
 * The times of what a restore of that part of the backup writes, and its comparison finds right.
 */
async function restoredTimes(
  { storage, topic }: { readonly storage: MemoryStorage; readonly topic: string },
  window: RestoreWindow,
): Promise<readonly bigint[]> {
  const as = uniqueTopic('times-restored')
  const { verification } = await restoreTopic({
    storage,
    cluster,
    topic,
    as,
    window,
    verify: true,
    skipDamaged: false,
    clock: realClock,
    observer: { onProgress: () => {} },
  })
  const batches = await readPartition(cluster, as, 0)
  const times = batches.flatMap(({ records }) => records.map(({ timestamp }) => timestamp))
  expect(verification).toEqual({ records: times.length, missingOffsets: 0, differences: [] })
  return times
}

describe('records whose times do not fit into 53 bits', () => {
  test('are backed up and restored exactly, and the index has the nearest time that it can', async () => {
    const times = [nanoseconds, nanoseconds + 1n, 2n ** 62n]
    const backup = await backUp([times, [5n]])

    const { index } = await readCaptured(backup.storage, backup.topic)
    expect(index.segments.map(({ time }) => time)).toEqual([[5, Number.MAX_SAFE_INTEGER]])
    expect(await restoredTimes(backup, {})).toEqual([...times, 5n])
  })

  test('are on the right side of any time that a restore is asked for', async () => {
    const backup = await backUp([[nanoseconds, 3n], [7n], [nanoseconds]])

    expect(await restoredTimes(backup, { untilMs: 1_763_881_201_001 })).toEqual([3n, 7n])
    expect(await restoredTimes(backup, { sinceMs: 1_763_881_201_001 })).toEqual([
      nanoseconds,
      nanoseconds,
    ])
  })
})

describe('a restore by time', () => {
  test('a restore until a time has all records before it, however far apart the times of a batch are', async () => {
    // 2^52 ms and more below the first record: a zig-zag delta of more than 53 bits.
    const backup = await backUp([[2n ** 52n + 100_001n, 100_000n, 99_999n]])

    expect(await restoredTimes(backup, { untilMs: 100_000 })).toEqual([99_999n])
  })
})
