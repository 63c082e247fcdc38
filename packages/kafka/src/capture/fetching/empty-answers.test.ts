import { describe, expect, test } from 'vitest'
import { brokerBatch } from '../../../test/batches.ts'
import { FetchingWorld } from '../../../test/fetching-world.ts'

describe('an empty answer', () => {
  test('does not end a partition while records are held back', async () => {
    const world = new FetchingWorld()
    const scripted = world.broker.fill(
      0,
      brokerBatch({ at: 0 }),
      brokerBatch({ at: 1, producer: 7n }),
    )
    scripted.lastStableOffset = 1
    const cursor = world.cursor(0, { end: 2 })
    await world.run([cursor], 5000)

    expect(cursor.finished).toBe(false)
    expect(cursor.obstacle?.kind).toBe('transaction')
    expect(cursor.obstacle?.since).toBeLessThan(1000)
  })

  test('never ends a partition, however often it comes', async () => {
    const world = new FetchingWorld()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }))
    scripted.highWatermark = 5
    scripted.lastStableOffset = 5
    const cursor = world.cursor(0, { end: 5 })
    await world.run([cursor], 60_000)

    expect(cursor.finished).toBe(false)
    expect(cursor.next).toBe(1)
    expect(cursor.obstacle?.kind).toBe('silence')
    expect(cursor.quietAnswers).toBeGreaterThan(100)
  })

  test('makes the reader ask for everything again, because the session may have lost the partition', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    const scripted = world.broker.fill(1)
    scripted.highWatermark = scripted.lastStableOffset = 5
    const silent = world.cursor(1, { end: 5 })
    await world.run([world.cursor(0), silent], 3000)

    const full = world.broker.asked.filter(({ session: [, epoch] }) => epoch === 0)
    expect(full.map(({ positions }) => positions.map(({ partition }) => partition))).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(silent.quietAnswers).toBeGreaterThan(5)
  })

  test('does not end a partition whose remote read was too slow', async () => {
    const world = new FetchingWorld()
    const batches = [0, 1, 2, 3].map((at) => brokerBatch({ at, value: 'x'.repeat(700_000) }))
    world.broker.fill(0, ...batches)
    for (const nth of [0, 1, 2, 4, 5, 6]) world.broker.faults.set(nth, { nothing: true })
    const cursor = world.cursor(0, { end: 4 })
    await world.run([cursor])
    expect(world.events).toEqual(['0: 0', '0: 1', '0: 2', '0: 3'])
  })

  test('is not quiet while other partitions fill the answers, or the broker throttles', async () => {
    const world = new FetchingWorld({ maxBytes: 1 })
    const scripted = world.broker.fill(0)
    scripted.highWatermark = 5
    scripted.lastStableOffset = 5
    world.broker.fill(1, ...[0, 1, 2, 3, 4].map((at) => brokerBatch({ at })))
    for (let nth = 0; nth < 200; nth++) world.broker.faults.set(nth, { throttleTimeMs: 100 })
    const silent = world.cursor(0, { end: 5 })
    await world.run([silent, world.cursor(1, { end: 5 })], 5000)

    expect(silent.obstacle?.kind).toBe('silence')
    expect(silent.quietAnswers).toBe(0)
  })

  test('right before an open transaction is silence, because compaction may have removed records there', async () => {
    const world = new FetchingWorld()
    const scripted = world.broker.fill(0, brokerBatch({ at: 0 }))
    scripted.highWatermark = 20
    scripted.lastStableOffset = 15
    const cursor = world.cursor(0, { end: 20 })
    await world.run([cursor], 5000)
    expect(cursor.obstacle?.kind).toBe('silence')
  })

  test('of a broker that throttles has no meaning', async () => {
    const world = new FetchingWorld()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
    world.broker.fill(0, ...batches)
    for (const nth of [1, 2, 3, 4]) {
      world.broker.faults.set(nth, { nothing: true, throttleTimeMs: 100 })
    }
    await world.run([world.cursor(0, { end: 3 })])
    expect(world.events).toEqual(['0: 0', '0: 1', '0: 2'])
  })

  test('of a broker that throttles does not count as silence of a partition', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0, brokerBatch({ at: 0 }))
    for (let nth = 1; nth < 100; nth++) {
      world.broker.faults.set(nth, { nothing: true, throttleTimeMs: 100 })
    }
    const cursor = world.cursor(0, { end: 2 })
    await world.run([cursor], 5000)

    expect(world.broker.asked.length).toBeGreaterThan(2)
    expect(cursor.obstacle).toBeUndefined()
  })

  test('that holds only errors advances no partition', async () => {
    const world = new FetchingWorld()
    const batches = [0, 1, 2].map((at) => brokerBatch({ at, value: 'x'.repeat(800_000) }))
    const scripted = world.broker.fill(0, ...batches)
    const cursor = world.cursor(0, { end: 3 })
    let lost = 0
    world.onEvent = (event) => {
      if (event === '0: 0') scripted.errorCode = 6
      if (event !== 'leader lost') return
      lost += 1
      if (lost === 4) delete scripted.errorCode
      world.lead(cursor, 6)
    }
    await world.run([cursor])

    // The second answer was on its way already when the error began.
    expect(world.events.filter((event) => event.startsWith('0'))).toEqual(['0: 0', '0: 1', '0: 2'])
    expect(lost).toBeGreaterThanOrEqual(4)
  })

  test('that came at once is followed by a pause', async () => {
    const world = new FetchingWorld()
    world.broker.fill(0)
    await world.run([world.cursor(0)], 2000)
    expect(world.broker.asked.length).toBeLessThan(25)
  })
})
