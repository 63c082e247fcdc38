import { KanneryError } from '@kannery/storage'
import { MemoryStorage, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { CaptureUnderTest } from '../../../test/capture-run.ts'
import { readCaptured, valuesOf } from '../../../test/captured.ts'
import { ScriptedCluster, type ScriptedTopic } from '../../../test/scripted-cluster.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { CaptureMode } from '../capture-options.ts'

/**
 * A scripted cluster with one topic, a storage, and a clock that stands still between the steps of
 * a test.
 */
class World {
  readonly clock = new TestClock()
  readonly cluster = new ScriptedCluster()
  readonly storage = MemoryStorage.open({ clock: this.clock })
  /** What a segment's upload waits for before it is committed. */
  uploading: Promise<void> = Promise.resolve()

  follow(topic = 'orders', mode: CaptureMode = { kind: 'continuous' }): CaptureUnderTest {
    const hold = (): Promise<void> => this.uploading
    const storage = new Proxy(this.storage, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property, target)
        if (typeof member !== 'function') return member
        if (property !== 'openWriter') return member.bind(target)
        return async (...request: Parameters<typeof target.openWriter>) => {
          await hold()
          return await target.openWriter(...request)
        }
      },
    })
    const { clock } = this
    return new CaptureUnderTest({
      cluster: this.cluster.asKafkaCluster,
      storage,
      clock,
      mode,
      topics: [topic],
    })
  }

  /** Lets time pass until `condition` holds, for ten minutes at most. */
  async until(condition: () => boolean): Promise<void> {
    for (let seconds = 0; !condition(); seconds++) {
      if (seconds > 600) throw new Error('it never came')
      await this.clock.pass(1000)
    }
  }

  async stop(run: CaptureUnderTest): Promise<void> {
    await this.clock.passUntil(run.stop())
  }
}

/**
 * Begins a run of mode `once` that reads the first record of a topic, which then is created again:
 * the records that the run still waits for never come. `prepare` changes the first topic.
 */
async function runAcrossRecreation(
  world: World,
  prepare: (topic: ScriptedTopic) => void = () => undefined,
): Promise<CaptureUnderTest> {
  const old = world.cluster.create('orders', brokerBatch({ at: 0, value: 'old' }))
  const partition = old.broker.partitions.get(0)
  if (partition === undefined) throw new Error('no partition')
  partition.highWatermark = 9
  prepare(old)
  const run = world.follow('orders', { kind: 'once', openTransactionPatienceMs: 0 })
  await world.until(() => run.records === 1)
  world.cluster.create('orders', brokerBatch({ at: 0, value: 'young' }))
  partition.errorCode = errorNumbers.UNKNOWN_TOPIC_ID
  return run
}

describe('a topic that is created again', () => {
  test('while what was read of it is still being stored is opened again after that', async () => {
    const world = new World()
    const topic = world.cluster.create('orders', brokerBatch({ at: 0, value: 'before' }))
    const { promise, resolve } = Promise.withResolvers<void>()
    world.uploading = promise
    const run = world.follow()
    await world.until(() => run.records === 1)
    world.cluster.topics.delete('orders')
    await world.until(() => run.warnings.length > 0)
    expect(run.warnings).toMatchObject([{ code: 'KAFKA_TOPIC_UNKNOWN' }])

    world.cluster.topics.set('orders', topic)
    const asked = world.cluster.asked
    await world.until(() => world.cluster.asked > asked + 2)
    topic.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1, value: 'after' }))
    resolve()
    await world.until(() => run.records === 2)
    await world.stop(run)

    expect(run.warnings).toHaveLength(1)
    const captured = await readCaptured(world.storage, 'orders')
    expect(valuesOf(captured)).toEqual(['before', 'after'])
    expect(captured.index.incarnations).toHaveLength(1)
  })

  test('continues as a new incarnation', async () => {
    const world = new World()
    const old = world.cluster.create('orders', brokerBatch({ at: 0, value: 'old' }))
    const run = world.follow()
    await world.until(() => run.records === 1)
    const young = world.cluster.create('orders', brokerBatch({ at: 0, value: 'young' }))
    await world.until(() => run.records === 2)
    // A broker that lags behind still describes the topic that was deleted.
    world.cluster.topics.set('orders', old)
    const asked = world.cluster.asked
    await world.until(() => world.cluster.asked > asked + 2)
    world.cluster.topics.set('orders', young)
    await world.stop(run)

    expect(run.warnings).toMatchObject([{ code: 'KAFKA_TOPIC_MISMATCH' }])
    expect(run.opened).toMatchObject([
      { topic: 'orders' },
      { topic: 'orders', begun: { incarnation: 1, reason: 'created-again' } },
    ])
    const captured = await readCaptured(world.storage, 'orders')
    expect(valuesOf(captured)).toEqual(['old', 'young'])
    expect(captured.index.segments.map(({ in: n }) => n)).toEqual([0, 1])
    const report = await run.report
    expect(report.topics).toMatchObject([
      { records: 2, segments: 2, begun: [{ incarnation: 1, reason: 'created-again' }] },
    ])
  })
})

describe('a run of mode once', () => {
  test('a topic that is deleted permanently before its new incarnation begins ends a run of mode once with an error', async () => {
    const world = new World()
    const { promise, resolve } = Promise.withResolvers<void>()
    world.uploading = promise
    const run = await runAcrossRecreation(world)
    await world.clock.pass(2000)
    world.cluster.topics.delete('orders')
    resolve()
    const ended = run.report.catch((error: unknown) => error)

    expect(await world.clock.passUntil(ended)).toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' })
    expect(valuesOf(await readCaptured(world.storage, 'orders'))).toEqual(['old'])
  })

  test('a run of mode once gives up topics that wait for a new incarnation when no broker answers for two minutes', async () => {
    const world = new World()
    const { promise, resolve } = Promise.withResolvers<void>()
    world.uploading = promise
    const run = await runAcrossRecreation(world)
    await world.clock.pass(2000)
    world.cluster.failure = new KanneryError('KAFKA_UNREACHABLE', 'away', { retry: 'same-request' })
    resolve()
    const awayAt = world.clock.monotonic()
    await world.until(() => run.ended !== undefined)

    await expect(run.report).rejects.toBe(world.cluster.failure)
    expect(world.clock.monotonic() - awayAt).toBeGreaterThanOrEqual(120_000)
    expect(valuesOf(await readCaptured(world.storage, 'orders'))).toEqual(['old'])
  })

  test('a topic of which a partition failed does not begin a new incarnation in the same run of mode once', async () => {
    const world = new World()
    world.cluster.partitions = 2
    const run = await runAcrossRecreation(world, ({ broker }) => {
      const denied = broker.fill(1)
      denied.highWatermark = 9
      denied.errorCode = errorNumbers.TOPIC_AUTHORIZATION_FAILED
    })
    const ended = run.report.catch((error: unknown) => error)

    expect(await world.clock.passUntil(ended)).toMatchObject({ code: 'KAFKA_DENIED' })
    expect(valuesOf(await readCaptured(world.storage, 'orders'))).toEqual(['old'])
  })

  test('a topic that is created again during a run of mode once is backed up to the end of both', async () => {
    const world = new World()
    const run = await runAcrossRecreation(world)
    const report = await world.clock.passUntil(run.report)

    expect(report.topics).toMatchObject([
      { topic: 'orders', records: 2, begun: [{ incarnation: 1, reason: 'created-again' }] },
    ])
    const captured = await readCaptured(world.storage, 'orders')
    expect(captured.index.segments.map(({ in: n, records }) => [n, records])).toEqual([
      [0, 1],
      [1, 1],
    ])
  })
})

describe('a topic that is hidden during a run that follows', () => {
  test.each(['orders', 'ord*'])(
    'a topic that this user may not see any more is reported as denied, not deleted, and opened when it may be seen: %s',
    async (pattern) => {
      const world = new World()
      const topic = world.cluster.create('orders', brokerBatch({ at: 0 }))
      const run = world.follow(pattern)
      await world.until(() => run.records === 1)
      world.cluster.denied.add('orders')
      await world.until(() => run.warnings.length > 0)
      world.cluster.denied.clear()
      topic.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1 }))
      await world.until(() => run.records === 2)
      await world.stop(run)

      expect(run.warnings).toMatchObject([{ code: 'KAFKA_DENIED', facts: { topic: 'orders' } }])
    },
  )
})

describe('a cluster that is replaced during a run that follows', () => {
  test('another cluster at the same address ends the run: what was read is committed, and no incarnation begins', async () => {
    const world = new World()
    world.cluster.create('orders', brokerBatch({ at: 0, value: 'ours' }))
    const run = world.follow()
    await world.until(() => run.records === 1)
    const other = { retry: 'never' } as const
    world.cluster.failure = new KanneryError(
      'KAFKA_UNREACHABLE',
      'another Kafka cluster answers',
      other,
    )
    const ended = run.report.catch((error: unknown) => error)

    expect(await world.clock.passUntil(ended)).toBe(world.cluster.failure)
    const captured = await readCaptured(world.storage, 'orders')
    expect(valuesOf(captured)).toEqual(['ours'])
    expect(captured.index.incarnations).toHaveLength(1)
  })
})

describe('a log that is truncated during a run that follows', () => {
  test('begins a new branch when its leader confirms it', async () => {
    const world = new World()
    const topic = world.cluster.create(
      'orders',
      brokerBatch({ at: 0, value: 'both' }),
      brokerBatch({ at: 1, value: 'lost' }),
    )
    const run = world.follow()
    await world.until(() => run.records === 2)
    topic.epochEnd = 1
    const scripted = topic.broker.fill(
      0,
      brokerBatch({ at: 0, value: 'both' }),
      brokerBatch({ at: 1, value: 'other', leaderEpoch: 1 }),
    )
    scripted.diverging = { epoch: 0, endOffset: 1 }
    await world.until(() => run.warnings.length > 0)
    delete scripted.diverging
    await world.until(() => run.records === 4)
    await world.stop(run)

    expect(run.warnings).toMatchObject([
      { code: 'KAFKA_OFFSETS_LOST', facts: { next: 2, epoch: 0, endOffset: 1 } },
    ])
    const captured = await readCaptured(world.storage, 'orders')
    expect(captured.index.incarnations).toMatchObject([{ branch: 0 }, { branch: 1 }])
    expect(valuesOf(captured)).toEqual(['both', 'lost', 'both', 'other'])
  })

  test.each([
    [
      'diverges',
      (scripted: { diverging?: object }) => {
        scripted.diverging = { epoch: 0, endOffset: 0 }
      },
    ],
    [
      'does not have the offset',
      (scripted: { errorCode?: number }) => {
        scripted.errorCode = errorNumbers.OFFSET_OUT_OF_RANGE
      },
    ],
  ])('begins no branch when a single answer said that it %s', async (_, spoil) => {
    const world = new World()
    const topic = world.cluster.create('orders', brokerBatch({ at: 0, value: 'first' }))
    const run = world.follow()
    await world.until(() => run.records === 1)
    spoil(topic.broker.partitions.get(0) ?? {})
    await world.clock.pass(5000)
    topic.broker.fill(0, brokerBatch({ at: 0 }), brokerBatch({ at: 1, value: 'second' }))
    await world.until(() => run.records === 2)
    await world.stop(run)

    expect(run.warnings).toEqual([])
    const captured = await readCaptured(world.storage, 'orders')
    expect(captured.index.incarnations).toHaveLength(1)
    expect(captured.index.gaps).toEqual([])
    expect(valuesOf(captured)).toEqual(['first', 'second'])
  })
})
