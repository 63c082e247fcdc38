import type { KeyPrefix, ListOptions } from '@kannery/storage'
import type { StorageCall } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { captured, cluster, seconds, World } from '../../test/fixtures.ts'
import { afterCrash, ids, source, upload } from '../../test/recovery-fixtures.ts'
import { craft, sampleHeader } from '../../test/segments.ts'
import type { SegmentEntry } from '../index-file/format/model.ts'
import { topicKeys } from '../layout/keys.ts'
import type { SegmentHeader } from '../segment/format/segment-header.ts'

describe('the recovery after a writer died', () => {
  test('what a dead writer left is fetched again where the source still has it', async () => {
    const { session, left } = await afterCrash((world, dead) =>
      upload(world, dead, { 0: [10, 20] }),
    )
    const kafka = source()

    const verdicts = await session.recover(kafka)

    expect(verdicts.adopted).toEqual([])
    expect(session.nextOffsets().get(0)).toBe(10)
    expect(session.index.garbage).toEqual([
      { id: (left as SegmentEntry).id, kind: 'segment', since: '2026-11-23T07:06:00.000Z' },
    ])
    expect(kafka.asked).toEqual(['serve 0 10-20'])
  })

  test.each<[string, Partial<SegmentHeader>]>([
    ['cluster', { cluster: 'cluster-two' }],
    ['topic', { topic: 'payments' }],
    ['topic of this name', { topicId: 'of another backup' }],
  ])(
    'a segment of another %s is neither adopted nor deleted, because a person put it there',
    async (_, changes) => {
      const { session, left } = await afterCrash((world, dead) =>
        upload(world, dead, { 0: [10, 20] }, changes),
      )

      const { adopted, garbage, unexplained } = await session.recover(source({ lost: { 0: 100 } }))

      expect([adopted, garbage]).toEqual([[], []])
      expect(ids(unexplained)).toEqual([(left as SegmentEntry).id])
    },
  )

  test('acquiring and recovering read segments of strangers once, several at a time', async () => {
    const strangers = 40
    const world = new World()
    const dead = await world.writer('a')
    await dead.commit({ segment: await upload(world, dead, { 0: [0, 10] }) })
    for (let count = 0; count < strangers; count++) {
      await upload(world, dead, { 0: [10, 20] }, { topic: 'payments' })
    }
    await dead.release()
    const isRead = ({ operation, key }: StorageCall): boolean =>
      operation === 'get' && key.endsWith('.kan')
    const { faults } = world.way('b')
    faults.onCall((call) => (isRead(call) ? { kind: 'delay', milliseconds: 1000 } : undefined))
    const worker = await world.worker('b')
    const beganAt = world.clock.now()

    const session = await world.until(worker.acquire('orders', { cluster }))
    const { unexplained } = await world.until(session.recover(source()))

    expect(unexplained).toHaveLength(strangers)
    expect(faults.calls.filter(isRead)).toHaveLength(strangers)
    expect(world.clock.now() - beganAt).toBeLessThan(seconds(strangers / 4))
  })

  test('a segment in a later format is left alone', async () => {
    const { session } = await afterCrash(async (world, dead) => {
      const later = { ...sampleHeader, format: 2 }
      const footer = {
        header: later,
        chunks: [],
        aborted: [],
        coverage: {},
        captured: null,
        maxBatchBytes: 0,
      }
      const key = topicKeys('orders').segment(dead.newSegmentId())
      await world.replace(key, craft({ header: later, footer }))
    })

    const verdicts = await session.recover(source())

    expect(verdicts).toMatchObject({ garbage: [], unexplained: [{ kind: 'segment' }] })
  })

  test('where nothing was left, nothing is written', async () => {
    const { world, session } = await afterCrash(async () => undefined)
    const before = world.text('orders/index')

    expect(await session.recover(source())).toMatchObject({ adopted: [], garbage: [] })
    expect(world.text('orders/index')).toBe(before)
  })

  test('ids grow past those of objects that no index names', async () => {
    const { session, left } = await afterCrash(async (world, dead) => {
      const id = '7000000000000000000000000A'
      await world.replace(`orders/${id}.kan`, 'from far away')
      return { id, epoch: dead.epoch }
    })
    await session.recover(source())

    expect(session.newSegmentId() > (left as { id: string }).id).toBe(true)
  })

  test('segments that pages name are not leftovers, where a listing begins before it was asked to', async () => {
    const world = new World()
    const writer = await world.writer('a')
    for (let at = 0; at < 260; at++) {
      const { segment } = captured(writer, { 0: [at, at + 1] })
      await world.replace(topicKeys('orders').segment(segment.id), 'a segment')
      await writer.commit({ segment })
    }
    await writer.release()
    const storage = world.memory.anotherHandle()
    const list = storage.list.bind(storage)
    storage.list = (prefix: KeyPrefix, { depth }: ListOptions) => list(prefix, { depth })
    const session = await (await world.worker('b', { storage })).acquire('orders', { cluster })

    expect(session.index.pages).toHaveLength(1)
    expect(await session.recover(source())).toMatchObject({ adopted: [], garbage: [] })
  })
})
