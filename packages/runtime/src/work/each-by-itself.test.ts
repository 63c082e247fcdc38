import { requireIndex } from '@kannery/core/index-file'
import { topicKeys } from '@kannery/core/layout'
import type { Ulid } from '@kannery/core/ulid'
import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryLocation, writeBackup } from '../../test/backup-in-memory.ts'
import { collectGarbage } from './gc.ts'
import { addTopicHolds, listTopicHolds } from './holds.ts'
import { addTopicPoints } from './points.ts'
import { pruneBackups, takeBackPruned } from './prune.ts'

const longAgo = '2020-01-01T00:00:00.000Z'
const topics = ['audit', 'orders', 'payments']

let memory: MemoryLocation
const options = () => ({ storage: memory.location, onWarning: () => undefined, dryRun: false })

beforeEach(async () => {
  memory = await MemoryLocation.create()
  for (const topic of topics) {
    await writeBackup(memory.storage, { topic, segments: [{ records: 1 }, { records: 1 }] })
    const expire = (at: number) =>
      at === 0 ? ({ state: 'expired', expiredAt: longAgo, expires: longAgo } as const) : {}
    await memory.changeEntries(topic, (entry, at) => ({ ...entry, ...expire(at) }))
  }
  return async () => await memory[Symbol.asyncDispose]()
})

/** The index of the topic is damaged. */
async function spoil(topic = 'orders'): Promise<void> {
  await memory.change(topicKeys(topic).index, (bytes) => bytes.fill(0x20, 0, 8))
}

/** The first segment of "orders" cannot be deleted. */
async function lock(): Promise<string> {
  const { index } = await requireIndex(memory.storage, 'orders')
  const key = topicKeys('orders').segment(index.segments[0]?.id ?? ('' as Ulid))
  memory.rules.push((call) =>
    call.operation === 'delete' && call.key === key ? { kind: 'deny' } : undefined,
  )
  return key
}

describe('a job over many topics', () => {
  test.each([false, true])(
    'a topic that cannot be read does not keep prune from the others (dry run: %s)',
    async (dryRun) => {
      await spoil()
      const { report, error } = await pruneBackups({ ...options(), dryRun })
      expect(report.topics).toMatchObject([
        { topic: 'audit', deleted: 1 },
        { topic: 'payments', deleted: 1 },
      ])
      expect(report.failed).toMatchObject([{ topic: 'orders', code: error?.code }])
      expect(error?.code).toMatch(/^(DATA|INDEX)_/)
    },
  )

  test('what prune and gc did of a topic is reported also when one of its objects cannot be deleted', async () => {
    const key = await lock()
    const { report, error } = await pruneBackups(options())
    expect(report.topics.map(({ topic, deleted }) => [topic, deleted])).toEqual([
      ['audit', 1],
      ['orders', 0],
      ['payments', 1],
    ])
    expect(report.failed).toMatchObject([{ topic: 'orders', code: 'STORAGE_DENIED' }])
    expect(error?.facts).toMatchObject({ key })

    const collected = await collectGarbage(options())
    expect(collected.report.failed).toMatchObject([{ topic: 'orders', code: 'STORAGE_DENIED' }])
    expect(collected.report.topics.map(({ topic }) => topic)).toEqual(topics)
  })

  test.each([
    ['unfinished uploads', 'sweepUnfinished', ''],
    ['heartbeats', 'list', '~workers/'],
  ] as const)(
    'what gc did of topics is reported also when %s cannot be looked for',
    async (_, operation, key) => {
      memory.rules.push((call) =>
        call.operation === operation && call.key === key ? { kind: 'deny' } : undefined,
      )
      const { report, error } = await collectGarbage(options())
      expect(report.topics.map(({ topic, segments }) => [topic, segments])).toEqual(
        topics.map((topic) => [topic, 1]),
      )
      expect(error?.code).toBe('STORAGE_DENIED')
    },
  )

  test('a topic that cannot be read does not keep gc, undo, holds and points from the others', async () => {
    await spoil()
    const failed = [{ topic: 'orders' }]
    const left = ['audit', 'payments']
    const undone = await takeBackPruned(options())
    expect(undone.report).toMatchObject({ topics: left.map((topic) => ({ topic })), failed })
    const collected = await collectGarbage(options())
    expect(collected.report).toMatchObject({ topics: left.map((topic) => ({ topic })), failed })
    expect(await addTopicHolds({ name: 'audit' }, options())).toMatchObject({ done: left, failed })
    expect(await listTopicHolds(options())).toMatchObject({
      done: left.map((topic) => ({ topic, name: 'audit' })),
      failed,
    })
    expect(await addTopicPoints({}, options())).toMatchObject({
      done: left.map((topic) => ({ topic })),
      failed,
    })
  })

  test('gc looks for what killed processes left also where every topic is damaged', async () => {
    for (const topic of topics) await spoil(topic)

    const { report, error } = await collectGarbage(options())

    expect(report.failed.map(({ topic }) => topic)).toEqual(topics)
    expect(report).toMatchObject({ topics: [], heartbeats: 0, unfinishedUploads: 0 })
    expect(error?.code).toMatch(/^(DATA|INDEX)_/)
    expect(memory.calls()).toContain('list ~workers/')
  })

  test('of a single topic that fails there is an error and no report', async () => {
    await spoil()
    await expect(pruneBackups({ ...options(), topic: 'orders' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(DATA|INDEX)_/),
    })
  })
})
