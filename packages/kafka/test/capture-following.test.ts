import { topicKeys } from '@kannery/core/layout'
import { listLeases } from '@kannery/core/lease'
import { Worker } from '@kannery/core/writing'
import { keyPrefix } from '@kannery/storage'
import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { CaptureUnderTest, captureOnce, impatientClock } from './capture-run.ts'
import { readCaptured, valuesOf } from './captured.ts'
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

const inMemory = (): MemoryStorage => MemoryStorage.open({ clock: realClock })
const value = (text: string): { value: Buffer } => ({ value: Buffer.from(text) })

async function keysOf(storage: MemoryStorage): Promise<readonly string[]> {
  const entries = await Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))
  return entries.map((entry) => (entry.kind === 'object' ? entry.info.key : entry.prefix))
}

describe('a run that follows', () => {
  test('backs up new records, and commits everything and releases its leases when it is aborted', async () => {
    const topic = uniqueTopic('followed')
    await broker.createTopic(topic)
    await broker.send(topic, { records: [value('before')] })
    const storage = inMemory()
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic] })
    await run.until(() => run.records === 1)
    await broker.send(topic, { records: [value('while')] })
    await run.until(() => run.records === 2)
    expect(await Array.fromAsync(listLeases(storage))).toHaveLength(1)
    expect(run.committed).toEqual([])
    const report = await run.stop()

    expect(report.topics).toMatchObject([{ topic, records: 2, segments: 1 }])
    expect(run.committed).toMatchObject([{ topic, segment: { records: 2 } }])
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['before', 'while'])
    expect((await keysOf(storage)).map((key) => key.replace(/[0-9A-Z]{26}/, 'ID'))).toEqual([
      `${topic}/ID.kan`,
      `${topic}/index`,
    ])
  })

  test('that is aborted before it began opens no topic', async () => {
    const topic = uniqueTopic('early')
    await broker.createTopic(topic)
    const storage = inMemory()
    const report = await new CaptureUnderTest({ cluster, storage, topics: [topic] }).stop()

    expect(report.topics).toEqual([])
    expect(await keysOf(storage)).toEqual([])
  })

  test('closes segments by age, whichever step their records are in', async () => {
    const topic = uniqueTopic('aged')
    await broker.createTopic(topic)
    const storage = inMemory()
    const segment = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 700 }
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic], segment })
    for (const text of ['first', 'second']) {
      await broker.send(topic, { records: [value(text)] })
      const before = run.committed.length
      await run.until(() => run.committed.length === before + 1)
    }
    await run.stop()
    expect(run.committed.map(({ segment: { records } }) => records)).toEqual([1, 1])
  })

  test('opens new topics that match, and new partitions', async () => {
    const prefix = uniqueTopic('family')
    const [old, young] = [`${prefix}.old`, `${prefix}.young`]
    await broker.createTopic(old)
    const storage = inMemory()
    const run = new CaptureUnderTest({
      cluster,
      storage,
      topics: [`${prefix}.*`],
      exclude: ['*.excluded'],
      clock: impatientClock,
    })
    await broker.send(old, { records: [value('old')] })
    await run.until(() => run.records === 1)
    await broker.createTopic(`${prefix}.excluded`)
    await broker.createTopic(young, 2)
    await broker.addPartitions(old, 3)
    await broker.send(`${prefix}.excluded`, { records: [value('excluded')] })
    await broker.send(young, { partition: 1, records: [value('young')] })
    await broker.send(old, { partition: 2, records: [value('new partition')] })
    await run.until(() => run.records === 3)
    const report = await run.stop()

    expect(report.topics.map(({ topic, partitions }) => [topic, partitions])).toEqual([
      [old, 3],
      [young, 2],
    ])
    expect(valuesOf(await readCaptured(storage, young), 1)).toEqual(['young'])
    expect(valuesOf(await readCaptured(storage, old), 2)).toEqual(['new partition'])
  })

  test('refuses a topic that another run writes, and acquires it when that run ends', async () => {
    const topic = uniqueTopic('contended')
    await broker.createTopic(topic)
    const storage = inMemory()
    const first = new CaptureUnderTest({ cluster, storage, topics: [topic] })
    await broker.send(topic, { records: [value('one')] })
    await first.until(() => first.records === 1)
    const second = captureOnce({ cluster, storage, topics: [topic] })
    await expect(second).rejects.toMatchObject({ code: 'LEASE_HELD' })
    await first.stop()

    await captureOnce({ cluster, storage, topics: [topic] })
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['one'])
  })

  test('that lost its lease drops what is not committed, and acquires the lease again', async () => {
    const topic = uniqueTopic('lost-lease')
    await broker.createTopic(topic)
    const storage = inMemory()
    const segment = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 2000 }
    const clock = impatientClock
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic], clock, segment })
    await broker.send(topic, { records: [value('one')] })
    await run.until(() => run.committed.length === 1)

    // A person broke the lease, and another run took the topic.
    await storage.delete(topicKeys(topic).lease)
    const intruder = await Worker.start({
      storage,
      clock: realClock,
      random: realRandom,
      description: 'the intruder',
    })
    const session = await intruder.acquire(topic, { cluster: cluster.clusterId })
    await broker.send(topic, { records: [value('two')] })
    await run.until(() => run.warnings.length > 0)
    expect(run.warnings[0]).toMatchObject({ code: 'LEASE_LOST' })
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['one'])

    await session.release()
    await intruder[Symbol.asyncDispose]()
    await run.until(() => run.committed.length === 2)
    await run.stop()
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['one', 'two'])
  })

  test('that lost its lease while it opened the topic opens it again', async () => {
    const topic = uniqueTopic('lost-at-first')
    await broker.createTopic(topic)
    await broker.send(topic, { records: [value('one')] })
    const storage = inMemory()
    let intruded = false
    const interrupted = new Proxy(storage, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property, target)
        if (typeof member !== 'function') return member
        if (property !== 'list') return member.bind(target)
        return (...request: Parameters<typeof storage.list>) => {
          const first = intruded || !String(request[0]).startsWith(topic) ? undefined : intrude()
          return after(first, () => target.list(...request))
        }
      },
    })
    const intrude = async (): Promise<void> => {
      intruded = true
      await storage.delete(topicKeys(topic).lease)
      const facts = { storage, clock: realClock, random: realRandom, description: 'the intruder' }
      await using intruder = await Worker.start(facts)
      await using _session = await intruder.acquire(topic, { cluster: cluster.clusterId })
    }
    const run = new CaptureUnderTest({ cluster, storage: interrupted, topics: [topic] })
    await run.until(() => run.records === 1)
    await run.stop()
    expect(intruded).toBe(true)
    expect(valuesOf(await readCaptured(storage, topic))).toEqual(['one'])
  })

  test('leaves a topic that is deleted, with a warning, and continues with the others', async () => {
    const prefix = uniqueTopic('gone')
    const [gone, stays] = [`${prefix}.gone`, `${prefix}.stays`]
    await broker.createTopic(gone)
    await broker.createTopic(stays)
    await broker.send(gone, { records: [value('last words')] })
    const storage = inMemory()
    const clock = impatientClock
    const run = new CaptureUnderTest({ cluster, storage, topics: [`${prefix}.*`], clock })
    await run.until(() => run.records === 1)
    await broker.deleteTopic(gone)
    await run.until(() => run.warnings.length > 0)
    await broker.send(stays, { records: [value('still here')] })
    await run.until(() => run.records === 2)
    await run.stop()

    expect(run.warnings).toMatchObject([{ code: 'KAFKA_TOPIC_UNKNOWN', facts: { topic: gone } }])
    expect(valuesOf(await readCaptured(storage, gone))).toEqual(['last words'])
    expect(valuesOf(await readCaptured(storage, stays))).toEqual(['still here'])
  })

  test('that lost offsets of one topic reports them, and continues with it and the others', async () => {
    const prefix = uniqueTopic('overtaken')
    const [lost, stays] = [`${prefix}.lost`, `${prefix}.stays`]
    await broker.createTopic(lost)
    await broker.createTopic(stays)
    const storage = inMemory()
    await broker.send(lost, { records: [value('kept')] })
    await captureOnce({ cluster, storage, topics: [lost] })
    await broker.send(lost, { records: ['1', '2'].map(value) })
    await broker.deleteRecords(lost, 3)
    const run = new CaptureUnderTest({ cluster, storage, topics: [`${prefix}.*`] })
    await run.until(() => run.warnings.length > 0)
    await broker.send(stays, { records: [value('still here')] })
    await broker.send(lost, { records: [value('3')] })
    await run.until(() => run.records === 2)
    await run.stop()

    expect(run.warnings).toMatchObject([
      { code: 'KAFKA_OFFSETS_LOST', facts: { topic: lost, next: 1, earliest: 3 } },
    ])
    const captured = await readCaptured(storage, lost)
    expect(captured.index.gaps).toMatchObject([{ partition: 0, offsets: [1, 3] }])
    expect(valuesOf(captured)).toEqual(['kept', '3'])
    expect(valuesOf(await readCaptured(storage, stays))).toEqual(['still here'])
  })

  test('continues with a topic that is deleted and created again, as another incarnation', async () => {
    const topic = uniqueTopic('reborn')
    const before = await broker.createTopic(topic)
    await broker.send(topic, { records: [value('old')] })
    const storage = inMemory()
    const run = new CaptureUnderTest({ cluster, storage, topics: [topic], clock: impatientClock })
    await run.until(() => run.records === 1)
    await broker.deleteTopic(topic)
    await expect
      .poll(async () => (await cluster.metadata([topic])).topics[0]?.error?.code)
      .toBe('KAFKA_TOPIC_UNKNOWN')
    const after = await broker.createTopic(topic)
    await broker.send(topic, { records: [value('new')] })
    await run.until(() => run.records === 2)
    const report = await run.stop()

    expect(report.topics).toMatchObject([
      { topic, records: 2, begun: [{ incarnation: 1, reason: 'created-again' }] },
    ])
    const captured = await readCaptured(storage, topic)
    expect(captured.index.incarnations).toMatchObject([
      { n: 0, topicId: before.topicId },
      { n: 1, topicId: after.topicId },
    ])
    expect(valuesOf(captured)).toEqual(['old', 'new'])
  })
})

async function* after<T>(
  first: Promise<void> | undefined,
  then: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  await first
  yield* then()
}
