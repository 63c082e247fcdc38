import { expect, test } from 'vitest'
import { cluster, minutes, upload, World } from '../../test/world.ts'

test('a clean stop leaves the index and the segments, nothing else', async () => {
  const world = new World()
  {
    await using worker = await world.worker('a')
    const session = await worker.acquire('orders', { cluster })
    await session.beginIncarnation({
      topicId: 'id',
      partitions: 2,
      start: { 1: 5 },
      config: {},
      effective: {},
    })
    await session.commit({
      segment: await upload(world.memory, session, { 0: [0, 10], 1: [5, 7] }),
    })
    expect(session.nextOffsets()).toEqual(
      new Map([
        [0, 10],
        [1, 7],
      ]),
    )
    expect(world.keys().filter((key) => !key.endsWith('.kan'))).toEqual([
      'orders/__lease',
      'orders/index',
      `~workers/${worker.id}`,
    ])
  }
  expect(world.keys().filter((key) => !key.endsWith('.kan'))).toEqual(['orders/index'])
  expect(world.warnings).toEqual([])
  expect(await world.next('orders')).toEqual({ 0: 10, 1: 7 })
})

test('a writer that slept through its lease cannot commit', async () => {
  const world = new World()
  const sleeper = await world.writer('a')
  await world.pass(minutes(6))
  expect(sleeper.topic).toBe('orders')
})
