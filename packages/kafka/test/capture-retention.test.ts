import { readIndex } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import type { Retention } from '@kannery/core/retention'
import type { Clock } from '@kannery/storage'
import { FaultyStorage, MemoryStorage, realClock } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { CaptureUnderTest, captureOnce } from './capture-run.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
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

const dayMs = 86_400_000
const retention: Retention = { kind: 'delete', after: '30d', afterMs: 30 * dayMs }

/** A topic whose time, and that of its storage, goes on in leaps. */
class AgingTopic {
  readonly name = uniqueTopic('aging')
  readonly memory: MemoryStorage
  readonly storage: FaultyStorage
  readonly clock: Clock
  #aheadMs = 0

  constructor() {
    this.clock = { ...realClock, now: () => realClock.now() + this.#aheadMs }
    this.memory = MemoryStorage.open({ clock: this.clock })
    this.storage = new FaultyStorage(this.memory, { clock: this.clock })
  }

  get setting() {
    const { name, storage, clock } = this
    return { cluster, storage, clock, topics: [name], retention }
  }

  passDays(days: number): void {
    this.#aheadMs += days * dayMs
  }

  /** A record of this very moment, backed up. */
  async backUp(text: string): Promise<void> {
    await this.write(text)
    await captureOnce(this.setting)
  }

  async write(text: string): Promise<void> {
    const timestamp = BigInt(this.clock.now())
    await broker.send(this.name, { records: [{ value: Buffer.from(text), timestamp }] })
  }

  async states(): Promise<readonly string[]> {
    const stored = await readIndex(this.memory, this.name)
    return stored?.index.segments.map(({ state }) => state ?? 'kept') ?? []
  }

  get segments(): number {
    const { folder } = topicKeys(this.name)
    const keys = [...this.memory.contents().keys()]
    return keys.filter((key) => key.startsWith(folder) && key.endsWith('.kan')).length
  }
}

async function agingTopic(config: Readonly<Record<string, string>> = {}): Promise<AgingTopic> {
  const topic = new AgingTopic()
  await broker.createTopic(topic.name, 1, {
    'message.timestamp.after.max.ms': '9223372036854775807',
    ...config,
  })
  return topic
}

describe('a segment older than the retention', () => {
  test('is marked by the next backup, and deleted by the one a day later', async () => {
    const topic = await agingTopic()
    await topic.backUp('old')
    topic.passDays(31)
    await topic.backUp('new')
    expect(await topic.states()).toEqual(['expired', 'kept'])
    expect(topic.segments).toBe(2)

    topic.passDays(2)
    await topic.backUp('newer')
    expect(await topic.states()).toEqual(['deleted', 'kept', 'kept'])
    expect(topic.segments).toBe(2)
  })

  test('is marked and deleted by a backup that runs, which continues', async () => {
    const topic = await agingTopic()
    await topic.backUp('old')
    topic.passDays(31)
    await topic.backUp('new')
    topic.passDays(2)
    const run = new CaptureUnderTest({
      ...topic.setting,
      segment: { maxBytes: 1024 * 1024, maxAgeMs: 200 },
    })
    await topic.write('newer')
    await run.until(() => run.committed.length === 1)
    while (topic.segments > 2) await realClock.sleep(20)
    await topic.write('newest')
    await run.until(() => run.committed.length === 2)
    await run.stop()
    expect(await topic.states()).toEqual(['deleted', 'kept', 'kept', 'kept'])
    expect(run.warnings).toEqual([])
  })

  test('stays as garbage when the storage refuses to delete it, and the backup continues with a warning', async () => {
    const topic = await agingTopic()
    await topic.backUp('old')
    topic.passDays(31)
    await topic.backUp('new')
    topic.passDays(2)
    topic.storage.faults.onCall(({ operation, key }) =>
      operation === 'delete' && key.endsWith('.kan') ? { kind: 'deny' } : undefined,
    )
    const run = new CaptureUnderTest(topic.setting)
    await run.until(() => run.warnings.length > 0)
    await topic.write('newer')
    await run.until(() => run.records === 1)
    await run.stop()
    expect(run.warnings).toMatchObject([{ code: 'STORAGE_DENIED' }])
    expect(await topic.states()).toEqual(['deleted', 'kept', 'kept'])
    expect(topic.segments).toBe(3)
    expect((await readIndex(topic.memory, topic.name))?.index.garbage).toHaveLength(1)
  })

  test('stays when the topic is compacted by now', async () => {
    const topic = await agingTopic()
    await topic.backUp('old')
    await cluster.alterTopicConfig(topic.name, { 'cleanup.policy': 'compact' }, [])
    topic.passDays(31)
    await captureOnce(topic.setting)
    expect(await topic.states()).toEqual(['kept'])
    const stored = await readIndex(topic.memory, topic.name)
    expect(stored?.index.incarnations).toMatchObject([{ config: { 'cleanup.policy': 'compact' } }])
  })

  test('stays when the topic was compacted while its backup ran', async () => {
    const topic = await agingTopic()
    await topic.backUp('old')
    topic.passDays(31)
    // It is looked at again right before anything is marked.
    const describe = cluster.describeTopicConfig.bind(cluster)
    let asked = 0
    const changing = new Proxy(cluster, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target)
        if (property !== 'describeTopicConfig') {
          return typeof value === 'function' ? value.bind(target) : value
        }
        return async (name: string) => {
          asked++
          const found = await describe(name)
          await cluster.alterTopicConfig(name, { 'cleanup.policy': 'compact' }, [])
          return found
        }
      },
    })
    await captureOnce({ ...topic.setting, cluster: changing })
    expect(asked).toBe(2)
    expect(await topic.states()).toEqual(['kept'])
  })

  test('costs no request while nothing can expire', async () => {
    const topic = await agingTopic()
    await topic.backUp('young')
    const keys = topicKeys(topic.name)
    const before = topic.storage.faults.calls.length
    await captureOnce(topic.setting)
    const calls = topic.storage.faults.calls.slice(before)
    expect(
      calls.filter(({ operation, key }) => operation === 'get' && key === keys.index),
    ).toHaveLength(1)
  })
})
