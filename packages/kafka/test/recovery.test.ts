import { topicKeys } from '@kannery/core/layout'
import { keyPrefix } from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { FaultyStorage, MemoryStorage, realClock } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import { CaptureUnderTest, captureOnce } from './capture-run.ts'
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

const once = { mode: { kind: 'once', openTransactionPatienceMs: 0 } } as const
const value = (text: string): { value: Buffer } => ({ value: Buffer.from(text) })

/**
 * A topic whose first backup uploaded a segment of three records and died before the index named
 * it.
 */
async function backupThatDied(name: string): Promise<{ topic: string; storage: MemoryStorage }> {
  const topic = uniqueTopic(name)
  await broker.createTopic(topic)
  await broker.send(topic, { records: ['0', '1', '2'].map(value) })
  const storage = MemoryStorage.open({ clock: realClock })
  const dying = new FaultyStorage(storage, { clock: realClock })
  let uploaded = false
  dying.faults.onCall(({ operation, key }) => {
    if (operation === 'commit') uploaded = true
    return uploaded && operation === 'put' && key === topicKeys(topic).index
      ? { kind: 'deny' }
      : undefined
  })
  await expect(captureOnce({ cluster, storage: dying, topics: [topic] })).rejects.toMatchObject({
    code: 'STORAGE_DENIED',
  })
  expect(await segmentsIn(storage, topic)).toHaveLength(1)
  return { topic, storage }
}

async function segmentsIn(storage: MemoryStorage, topic: string): Promise<string[]> {
  const keys: string[] = []
  for await (const entry of storage.list(keyPrefix(`${topic}/`), { depth: 'all' })) {
    if (entry.kind === 'object' && entry.info.key.endsWith('.kan')) keys.push(entry.info.key)
  }
  return keys
}

describe('a segment that no index names', () => {
  test('is garbage where Kafka still has its records: they are fetched again', async () => {
    const { topic, storage } = await backupThatDied('fetched-again')
    const [orphan] = await segmentsIn(storage, topic)
    await captureOnce({ cluster, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    expect(valuesOf(captured)).toEqual(['0', '1', '2'])
    const { segments, garbage } = captured.index
    expect(garbage.map(({ id }) => topicKeys(topic).segment(id))).toEqual([orphan])
    expect(segments.map(({ id }) => topicKeys(topic).segment(id))).not.toContain(orphan)
  })

  test('is adopted where it is the only copy, and the backup continues after it', async () => {
    const { topic, storage } = await backupThatDied('only-copy')
    const [orphan] = await segmentsIn(storage, topic)
    await broker.send(topic, { records: [value('3')] })
    await broker.deleteRecords(topic, 3)
    await captureOnce({ cluster, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    expect(valuesOf(captured)).toEqual(['0', '1', '2', '3'])
    expect(captured.index.garbage).toEqual([])
    expect(captured.index.segments.map(({ id }) => topicKeys(topic).segment(id))[0]).toBe(orphan)
  })

  test('is no part of the backup where an unclean election removed its records, although it is the only copy', async () => {
    const { topic, storage } = await backupThatDied('cut-off')
    const [orphan] = await segmentsIn(storage, topic)
    await broker.send(topic, { records: [value('3')] })
    await broker.deleteRecords(topic, 3)
    // As the leader answers that came to lead with one record of that epoch.
    const elected = new Proxy(cluster, {
      get(target, property) {
        if (property === 'endOfEpoch') return async () => 1
        const member: unknown = Reflect.get(target, property, target)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    await captureOnce({ cluster: elected, storage, topics: [topic] })

    const captured = await readCaptured(storage, topic)
    const { index } = captured
    expect(valuesOf(captured)).toEqual(['3'])
    expect(index.gaps).toMatchObject([{ partition: 0, offsets: [0, 3] }])
    expect(index.garbage.map(({ id }) => topicKeys(topic).segment(id))).toEqual([orphan])
  })

  test('stays where it is, and stops the backup, where an older index was restored by hand', async () => {
    const { topic, storage } = await backupThatDied('older-index')
    const { index: key } = topicKeys(topic)
    const older = await readObject(storage, key)
    await captureOnce({ cluster, storage, topics: [topic] })
    const later = await readCaptured(storage, topic)
    await storage.put(key, older?.bytes ?? new Uint8Array(), { condition: { kind: 'overwrite' } })

    const run = new CaptureUnderTest({ ...once, cluster, storage, topics: [topic] })
    await expect(run.report).rejects.toMatchObject({ code: 'INDEX_OUTDATED', facts: { topic } })

    const left = later.index.segments.map(({ id }) => topicKeys(topic).segment(id))
    expect(await segmentsIn(storage, topic)).toEqual(expect.arrayContaining(left))
    expect((await readObject(storage, key))?.bytes).toEqual(older?.bytes)
  })
})

describe('the end of an epoch', () => {
  test('is the end of the log while it lasts, and unknown for an epoch that never was', async () => {
    const topic = uniqueTopic('epoch-end')
    await broker.createTopic(topic)
    await broker.send(topic, { records: ['0', '1', '2'].map(value) })

    expect(await cluster.endOfEpoch({ topic, partition: 0, leaderEpoch: 0 })).toBe(3)
    expect(await cluster.endOfEpoch({ topic, partition: 0, leaderEpoch: 7 })).toBeUndefined()
  })
})
