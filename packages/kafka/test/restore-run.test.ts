import { topicKeys } from '@kannery/core/layout'
import { MemoryStorage, realClock, realRandom } from '@kannery/storage-testkit'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'
import type { RestoreProgress } from '../src/restore/restore-options.ts'
import { RestoreRun, type RestoreRunOptions } from '../src/restore/restore-run.ts'
import { writeBackup } from './backup.ts'
import { contentOf, readPartition } from './read-partition.ts'
import { connectTo, uniqueTopic } from './real-cluster.ts'
import { type StoredRecord, storedBatch } from './stored-batch.ts'
import { TestBroker } from './test-broker.ts'

const { bootstrapServers } = inject('kafka')
let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await connectTo(bootstrapServers)
})
afterAll(() => cluster[Symbol.asyncDispose]())

function records(topic: string, count: number): StoredRecord[] {
  return Array.from({ length: count }, (_, offset) => ({
    offset,
    timestamp: 1_700_000_000_000n,
    key: null,
    value: Buffer.from(`${topic} ${offset}`),
    headers: [],
  }))
}

/** A storage with a backup of each topic: one partition, a batch for each record. */
async function backupOf(counts: Readonly<Record<string, number>>): Promise<MemoryStorage> {
  const storage = MemoryStorage.open({ clock: realClock })
  for (const [topic, count] of Object.entries(counts)) {
    const batches = records(topic, count).map((record) => storedBatch([record]))
    await writeBackup(
      { storage, clock: realClock, random: realRandom },
      { topic, partitions: 1, segments: [{ chunks: [{ partition: 0, batches }] }] },
    )
  }
  return storage
}

function options(
  storage: MemoryStorage,
  topics: RestoreRunOptions['topics'],
  changes: Partial<RestoreRunOptions> = {},
): RestoreRunOptions {
  return {
    storage,
    cluster,
    topics,
    window: {},
    verify: true,
    skipDamaged: false,
    clock: realClock,
    ...changes,
  }
}

async function exists(topic: string): Promise<boolean> {
  const { topics } = await cluster.metadata([topic])
  return topics[0]?.error === undefined
}

async function deleteSegments(storage: MemoryStorage, topic: string): Promise<void> {
  for await (const entry of storage.list(topicKeys(topic).folder, { depth: 'children' })) {
    if (entry.kind !== 'object' || !entry.info.key.endsWith('.kan')) continue
    await storage.delete(entry.info.key)
  }
}

describe('a restore of several topics', () => {
  test('restores each under its name, compares it, and reports in the order asked for', async () => {
    const storage = await backupOf({ first: 3, second: 40, third: 2 })
    const [a, b] = [uniqueTopic('first'), uniqueTopic('second')]
    const run = await RestoreRun.prepare(
      options(storage, [
        { topic: 'second', as: b },
        { topic: 'first', as: a },
      ]),
    )
    const progress: RestoreProgress[] = []
    const { topics, failed } = await run.run((one) => progress.push(one))

    expect(run.plans).toMatchObject([
      { topic: 'second', as: b, records: 40 },
      { topic: 'first', as: a, records: 3 },
    ])
    expect(failed).toEqual([])
    expect(topics).toMatchObject([
      { topic: 'second', as: b, verification: { records: 40, differences: [] } },
      { topic: 'first', as: a, verification: { records: 3, differences: [] } },
    ])
    const restored = await readPartition(cluster, a, 0)
    expect(contentOf(restored.flatMap((batch) => batch.records))).toEqual(
      contentOf(records('first', 3)),
    )
    expect(progress.at(-1)).toMatchObject({ records: 43, total: 43 })
    expect(progress.every(({ total }) => total === 43)).toBe(true)
  })

  test('is refused with all findings about all topics before anything is created', async () => {
    const storage = await backupOf({ first: 1, second: 1, third: 1, fourth: 1 })
    const [free, filled, shared] = [uniqueTopic('free'), uniqueTopic('filled'), uniqueTopic('both')]
    const before = await RestoreRun.prepare(options(storage, [{ topic: 'first', as: filled }]))
    await before.run(() => {})

    const attempt = RestoreRun.prepare(
      options(storage, [
        { topic: 'first', as: free },
        { topic: 'second', as: filled },
        { topic: 'third', as: shared },
        { topic: 'fourth', as: shared },
        { topic: 'absent', as: uniqueTopic('absent') },
        { topic: 'fourth', as: uniqueTopic('partitions'), partitions: [7] },
      ]),
    )

    await expect(attempt).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      facts: {
        findings: 4,
        codes: 'CONFIG_INVALID,KAFKA_TOPIC_NOT_EMPTY,STORAGE_NOT_FOUND',
      },
      why: expect.stringMatching(
        new RegExp(`"${shared}"[^]*"${filled}" is not empty[^]*"absent"[^]*no partition 7`),
      ),
    })
    expect(await exists(free)).toBe(false)
    expect(await exists(shared)).toBe(false)
  })

  test('is refused if names of targets collide with each other or with an existing topic', async () => {
    const storage = await backupOf({ first: 1, second: 1, third: 1 })
    const [name, other] = [uniqueTopic('metrics'), uniqueTopic('existing')]
    const existing = { partitions: 1, replicationFactor: 1, config: {} }
    await cluster.createTopic({ name: `${other}.eu`, ...existing })
    const attempt = RestoreRun.prepare(
      options(storage, [
        { topic: 'first', as: `${name}.eu` },
        { topic: 'second', as: `${name}_eu` },
        { topic: 'third', as: `${other}_eu` },
      ]),
    )

    await expect(attempt).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      facts: { findings: 2 },
      why: expect.stringMatching(
        new RegExp(`"${name}.eu" and "${name}_eu" cannot be[^]*${other}[_.]eu`),
      ),
    })
    expect(await exists(`${name}.eu`)).toBe(false)
  })

  test('goes on with the others when one topic fails, and reports what of it is in the target', async () => {
    const storage = await backupOf({ damaged: 3, whole: 5 })
    const [bad, good] = [uniqueTopic('damaged'), uniqueTopic('whole')]
    const run = await RestoreRun.prepare(
      options(
        storage,
        [
          { topic: 'damaged', as: bad },
          { topic: 'whole', as: good },
        ],
        { concurrency: 1 },
      ),
    )
    await deleteSegments(storage, 'damaged')
    const { topics, failed } = await run.run(() => {})

    expect(failed).toMatchObject([{ topic: 'damaged', as: bad, error: { code: 'DATA_CORRUPT' } }])
    expect(topics).toMatchObject([
      { topic: 'damaged', partitions: [{ records: 0 }] },
      { topic: 'whole', verification: { records: 5 } },
    ])
  })

  test('refuses a topic that was written to after the checks, and goes on with the others', async () => {
    const storage = await backupOf({ first: 2, second: 3, third: 4 })
    const [changed, good, taken] = [
      uniqueTopic('changed'),
      uniqueTopic('good'),
      uniqueTopic('taken'),
    ]
    const settings = { partitions: 1, replicationFactor: 1, config: {} }
    for (const name of [changed, good]) await cluster.createTopic({ name, ...settings })
    const run = await RestoreRun.prepare(
      options(storage, [
        { topic: 'first', as: changed },
        { topic: 'second', as: good },
        { topic: 'third', as: taken },
      ]),
    )
    const other = await backupOf({ other: 5 })
    const intruder = await RestoreRun.prepare(
      options(other, [
        { topic: 'other', as: changed },
        { topic: 'other', as: taken },
      ]),
    )
    await intruder.run(() => {})
    const { topics, failed } = await run.run(() => {})

    expect(failed).toMatchObject([
      {
        topic: 'first',
        error: { code: 'KAFKA_TOPIC_NOT_EMPTY', facts: { topic: changed, partitions: '0' } },
      },
      { topic: 'third', as: taken },
    ])
    expect(topics).toMatchObject([
      { topic: 'second', created: false, verification: { records: 3 } },
    ])
    for (const name of [changed, taken]) {
      const held = await readPartition(cluster, name, 0)
      expect(contentOf(held.flatMap((batch) => batch.records))).toEqual(
        contentOf(records('other', 5)),
      )
    }
  })

  test('refuses an empty topic that was deleted and created again after the checks, and goes on with the others', async () => {
    const storage = await backupOf({ first: 2, second: 3 })
    const [replaced, good] = [uniqueTopic('replaced'), uniqueTopic('good')]
    await using broker = await TestBroker.connect(cluster)
    for (const name of [replaced, good]) await broker.createTopic(name)
    const run = await RestoreRun.prepare(
      options(storage, [
        { topic: 'first', as: replaced },
        { topic: 'second', as: good },
      ]),
    )
    await broker.deleteTopic(replaced)
    await expect.poll(() => exists(replaced)).toBe(false)
    const { topicId } = await broker.createTopic(replaced)
    const { topics, failed } = await run.run(() => {})

    expect(failed).toMatchObject([
      { topic: 'first', error: { code: 'KAFKA_TOPIC_MISMATCH', facts: { topicId } } },
    ])
    expect(topics).toMatchObject([{ topic: 'second', verification: { records: 3 } }])
    expect(await readPartition(cluster, replaced, 0)).toEqual([])
  })

  test('restores no more topics at a time than asked for, and begins none after an interruption', async () => {
    const storage = await backupOf({ first: 200, second: 1 })
    const [running, waiting] = [uniqueTopic('running'), uniqueTopic('waiting')]
    const stop = new AbortController()
    const run = await RestoreRun.prepare(
      options(
        storage,
        [
          { topic: 'first', as: running },
          { topic: 'second', as: waiting },
        ],
        { concurrency: 1, budgetBytes: 1000, signal: stop.signal },
      ),
    )
    const { topics, failed } = await run.run(() => stop.abort())

    expect(failed).toMatchObject([
      { topic: 'first', error: { code: 'INTERRUPTED' } },
      { topic: 'second', error: { code: 'INTERRUPTED', facts: { restored: 0 } } },
    ])
    expect(topics.map(({ as }) => as)).toEqual([running])
    expect(await exists(waiting)).toBe(false)
  })
  test.each([
    ['createTopic', 'before its first record', 0],
    ['alterTopicConfig', 'was interrupted', 1],
  ])('is reported as interrupted if it is stopped in %s', async (call, message, restored) => {
    const storage = await backupOf({ first: 1 })
    const stop = new AbortController()
    const stopped = new Proxy(cluster, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== call) return typeof value === 'function' ? value.bind(target) : value
        return async () => {
          stop.abort()
          stop.signal.throwIfAborted()
        }
      },
    })
    const topics = [{ topic: 'first', as: uniqueTopic('stopped') }]
    const run = await RestoreRun.prepare(
      options(storage, topics, { cluster: stopped, signal: stop.signal }),
    )

    expect((await run.run(() => {})).failed).toMatchObject([
      {
        topic: 'first',
        error: {
          code: 'INTERRUPTED',
          message: expect.stringContaining(message),
          facts: { restored },
        },
      },
    ])
  })
})
