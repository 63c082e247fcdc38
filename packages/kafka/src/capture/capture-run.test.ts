import { KanneryError } from '@kannery/storage'
import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../test/batches.ts'
import { CaptureUnderTest, type Setting } from '../../test/capture-run.ts'
import { type CapturedTopic, readCaptured } from '../../test/captured.ts'
import { ScriptedCluster, type ScriptedTopic } from '../../test/scripted-cluster.ts'
import type { CaptureReport } from './observer.ts'

const toTheEnd = { kind: 'once', openTransactionPatienceMs: 30_000 } as const

/** One topic in a scripted cluster, and its backup, in a time of their own. */
class World {
  readonly clock = new TestClock()
  readonly storage = MemoryStorage.open({ clock: this.clock })
  readonly cluster = new ScriptedCluster()
  readonly topic: ScriptedTopic

  /** `batches`: of one record each. The log goes on to `end`, with nothing in it. */
  constructor({ batches, end = batches }: { readonly batches: number; readonly end?: number }) {
    const filled = Array.from({ length: batches }, (_, at) => brokerBatch({ at }))
    this.topic = this.cluster.create('orders', ...filled)
    const partition = this.topic.broker.partitions.get(0)
    if (partition === undefined) throw new Error('nothing is scripted')
    partition.highWatermark = end
    partition.lastStableOffset = end
  }

  start(mode: NonNullable<Setting['mode']>, setting: Partial<Setting> = {}): CaptureUnderTest {
    const { clock, storage, cluster } = this
    return new CaptureUnderTest({
      ...setting,
      cluster: cluster.asKafkaCluster,
      storage,
      clock,
      topics: ['orders'],
      mode,
    })
  }

  async backUp(): Promise<CaptureReport> {
    const { report } = this.start(toTheEnd)
    return await this.clock.passUntil(report)
  }

  /** Resolves when the cluster has been asked who leads the partition now. */
  async breakConnection(): Promise<void> {
    const { broker } = this.topic
    const gone = new KanneryError('KAFKA_UNREACHABLE', 'gone', { retry: 'after-refresh' })
    broker.faults.set(broker.asked.length, { broken: gone })
    const { asked } = this.cluster
    while (this.cluster.asked === asked) await this.clock.pass(100)
  }

  captured(): Promise<CapturedTopic> {
    return readCaptured(this.storage, 'orders')
  }
}

describe('a run of mode once', () => {
  test('reads a partition to its end although its remote storage is slow and answers are empty', async () => {
    const world = new World({ batches: 1000 })
    world.topic.localStart = 1000
    for (let nth = 0; nth < 500; nth++) world.topic.broker.faults.set(nth, { empty: true })
    const report = await world.backUp()

    expect(report.topics).toMatchObject([{ topic: 'orders', records: 1000, gaps: [] }])
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(50_000)
  })

  test('fails when remote storage never gives back what is left', async () => {
    const world = new World({ batches: 1, end: 1000 })
    world.topic.config = { 'cleanup.policy': 'compact' }
    world.topic.localStart = 1000

    await expect(world.backUp()).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      facts: { topic: 'orders', partition: 0, next: 1, localStart: 1000 },
    })
    const { index, partitions } = await world.captured()
    expect(partitions.get(0)?.covered).toEqual([[0, 1]])
    expect(index.gaps).toEqual([])
  })

  test('reports a gap for the offsets that compaction removed at the end, so that the next run has nothing to do', async () => {
    const world = new World({ batches: 1, end: 5 })
    world.topic.config = { 'cleanup.policy': 'compact' }
    const gap = { in: 0, partition: 0, offsets: [1, 5], reason: 'compaction' }
    const report = await world.backUp()

    expect(report.topics).toMatchObject([{ topic: 'orders', records: 1, gaps: [gap] }])
    expect((await world.captured()).index.gaps).toMatchObject([gap])
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(5000)

    const next = await world.backUp()
    expect(next.topics).toMatchObject([{ topic: 'orders', records: 0, segments: 0, gaps: [] }])
    expect(world.clock.monotonic()).toBeLessThan(10_000)
  })

  test('reports what is to be read before it reads anything', async () => {
    const world = new World({ batches: 1000 })
    const backup = world.start(toTheEnd)
    await world.clock.passUntil(backup.report)

    const [first] = backup.progress
    expect(first).toMatchObject({ partition: 0, records: 0, nextOffset: 0, endOffset: 1000 })
  })

  test('reports what was committed and which topics are incomplete also when it fails', async () => {
    const world = new World({ batches: 1, end: 1000 })
    world.topic.config = { 'cleanup.policy': 'compact' }
    world.topic.localStart = 1000
    const backup = world.start(toTheEnd)

    await expect(world.clock.passUntil(backup.report)).rejects.toThrow()
    expect(backup.ended).toMatchObject({
      topics: [{ topic: 'orders', records: 1 }],
      failed: [{ topic: 'orders', error: { code: 'KAFKA_UNREACHABLE' } }],
    })
  })
})

describe('a run that is aborted', () => {
  test('commits what is in memory at once although Kafka does not answer', async () => {
    const world = new World({ batches: 3 })
    const run = world.start({ kind: 'continuous' })
    await run.until(() => run.records === 3)
    world.cluster.isHanging = true
    await world.breakConnection()
    const endedAt = world.clock.monotonic()
    const report = await world.clock.passUntil(run.stop())

    expect(report.topics).toMatchObject([{ records: 3, segments: 1 }])
    expect(world.clock.monotonic() - endedAt).toBeLessThan(1000)
  })
})

describe('metadata of a broker that lags behind', () => {
  test('is ignored: nothing is read from a former leader', async () => {
    const world = new World({ batches: 1 })
    const former = world.cluster.create('other')
    world.topic.lead(1, 5)
    const run = world.start({ kind: 'continuous' })
    await run.until(() => run.records === 1)
    world.topic.lead(2, 4)
    await world.breakConnection()
    await world.clock.pass(5000)
    expect(former.broker.connections).toBe(0)

    world.topic.lead(1, 6)
    world.topic.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
    while (run.records < 2) await world.clock.pass(100)
    await world.clock.passUntil(run.stop())
    expect((await world.captured()).partitions.get(0)?.covered).toEqual([[0, 2]])
  })
})

describe('a damaged batch', () => {
  test.each(['none', 'zstd'] as const)(
    'is fetched again from the last commit, with a warning (%s)',
    async (codec) => {
      const world = new World({ batches: 100 })
      world.topic.broker.faults.set(0, { damaged: true })
      const backup = world.start(toTheEnd, { codec })
      const report = await world.clock.passUntil(backup.report)

      expect(report).toMatchObject({ topics: [{ records: 100, segments: 1 }], failed: [] })
      expect((await world.captured()).partitions.get(0)?.batches).toHaveLength(100)
      expect(backup.warnings).toMatchObject([
        { code: 'KAFKA_DATA_CORRUPT', facts: { topic: 'orders', partition: 0, offset: '99' } },
      ])
    },
  )

  test('that stays so ends its partition there; what comes before it is kept', async () => {
    const world = new World({ batches: 100 })
    const batches = world.topic.broker.partitions.get(0)?.batches ?? []
    const damaged = batches[70] ?? Buffer.alloc(0)
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1)
    const backup = world.start(toTheEnd)

    await expect(world.clock.passUntil(backup.report)).rejects.toMatchObject({
      code: 'KAFKA_DATA_CORRUPT',
      message: expect.stringContaining('partition 0 of topic "orders"'),
      facts: { offset: '70' },
    })
    expect((await world.captured()).partitions.get(0)?.covered).toEqual([[0, 70]])
    expect(backup.warnings).toMatchObject([{ code: 'KAFKA_DATA_CORRUPT' }])
  })
})
