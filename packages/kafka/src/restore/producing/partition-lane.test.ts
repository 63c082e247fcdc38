import { KanneryError } from '@kannery/storage'
import { seededRandom, TestClock } from '@kannery/storage-testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kafkaError } from '../../cluster/errors.ts'
import type { ProduceResult } from '../../protocol/produce.ts'
import { type LanePort, type OutgoingBatch, PartitionLane } from './partition-lane.ts'

const startOffset = 100
const facts = { api: 'Produce', topic: 'orders' }

const noError: ProduceResult = {
  partition: 0,
  errorCode: 0,
  baseOffset: -1,
  errorMessage: null,
  recordErrors: [],
}

/**
 * The leader's log as brokers keep it for idempotent producers: the last five batches are
 * remembered (ProducerStateEntry).
 */
class Leader {
  readonly log: number[] = []
  readonly #remembered: { readonly sequence: number; readonly offset: number }[] = []

  append({ firstRecord, records }: OutgoingBatch): ProduceResult {
    const known = this.#remembered.find(({ sequence }) => sequence === firstRecord)
    if (known !== undefined) return { ...noError, baseOffset: known.offset }
    if (firstRecord < this.log.length) return { ...noError, errorCode: 46 }
    if (firstRecord > this.log.length) return { ...noError, errorCode: 45 }
    const offset = startOffset + this.log.length
    for (let index = 0; index < records; index++) this.log.push(firstRecord + index)
    this.#remembered.push({ sequence: firstRecord, offset })
    if (this.#remembered.length > 5) this.#remembered.shift()
    return { ...noError, baseOffset: offset }
  }
}

/** What becomes of a request. A broken connection takes all unanswered requests with it. */
type Fate = 'answered' | 'error before' | 'error after' | 'cut before' | 'cut after'

/**
 * One connection to the leader: requests are worked on in order, each by the fate that `decide`
 * gives it.
 */
class World {
  readonly clock = new TestClock()
  readonly leader = new Leader()
  readonly acknowledged: OutgoingBatch[] = []
  readonly failures: unknown[] = []
  readonly lane: PartitionLane
  mostUnanswered = 0
  refreshed = 0
  #written = 0
  #connection: { broken: boolean; waiting: number } = { broken: false, waiting: 0 }

  constructor(decide: () => Fate) {
    this.lane = new PartitionLane(
      {
        clock: this.clock,
        topic: 'orders',
        leader: () => 1,
        send: (batch) => this.#send(batch, decide()),
        refreshLeader: async () => {
          this.refreshed += 1
        },
        onAcknowledged: (batch) => this.acknowledged.push(batch),
        onFailed: (error) => this.failures.push(error),
      },
      0,
      startOffset,
    )
  }

  async #send(batch: OutgoingBatch, fate: Fate): Promise<ProduceResult> {
    if (this.#connection.broken) this.#connection = { broken: false, waiting: 0 }
    const connection = this.#connection
    connection.waiting += 1
    this.mostUnanswered = Math.max(this.mostUnanswered, connection.waiting)
    await this.clock.sleep(1)
    if (connection.broken) throw cut
    if (fate === 'cut before') connection.broken = true
    if (connection.broken) throw cut
    if (fate === 'error before') {
      connection.waiting -= 1
      return { ...noError, errorCode: 6 }
    }
    const result = this.leader.append(batch)
    if (fate === 'cut after') connection.broken = true
    if (connection.broken) throw cut
    connection.waiting -= 1
    return fate === 'error after' ? { ...noError, errorCode: 20 } : result
  }

  /**
   * Enqueues batches of these numbers of records and lets time pass until all are acknowledged or
   * the lane fails.
   */
  async write(sizes: readonly number[]): Promise<void> {
    for (const records of sizes) {
      const firstRecord = this.#written
      this.lane.enqueue({ partition: 0, batch: Buffer.alloc(0), records, firstRecord })
      this.#written += records
    }
    const goal = this.acknowledged.length + sizes.length
    while (this.acknowledged.length < goal && this.failures.length === 0) {
      await this.clock.pass(1000)
    }
  }
}

const cut = new KanneryError('KAFKA_UNREACHABLE', 'the connection broke', {
  retry: 'after-refresh',
})

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}

describe('the lane of a partition', () => {
  test('appends every batch once and in order when connections break and leaders move', async () => {
    const fates: readonly Fate[] = ['error before', 'error after', 'cut before', 'cut after']
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 25 }),
        fc.nat(),
        async (sizes, seed) => {
          const random = seededRandom(seed)
          const world = new World(() => (random.chance(0.25) ? random.pick(fates) : 'answered'))
          await world.write(sizes)

          expect(world.failures).toEqual([])
          expect(world.leader.log).toEqual(
            Array.from({ length: total(sizes) }, (_, index) => index),
          )
          expect(world.acknowledged.map(({ records }) => records)).toEqual(sizes)
          expect(world.mostUnanswered).toBeLessThanOrEqual(5)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('has five requests in flight at once', async () => {
    const world = new World(() => 'answered')
    await world.write([1, 1, 1, 1, 1, 1, 1, 1])
    expect(world.mostUnanswered).toBe(5)
  })

  test('fails after two minutes without progress, with the last reason', async () => {
    const world = new World(() => 'error before')
    await world.write([1, 1])

    expect(world.failures).toMatchObject([{ facts: { kafkaError: 'NOT_LEADER_OR_FOLLOWER' } }])
    expect(world.clock.monotonic()).toBeGreaterThan(110_000)
    expect(world.clock.monotonic()).toBeLessThan(130_000)
    expect(world.refreshed).toBeGreaterThan(20)
  })

  test('starts the two minutes again after progress', async () => {
    const world: World = new World(() =>
      world.clock.monotonic() > 70_000 * (world.acknowledged.length + 1)
        ? 'answered'
        : 'error before',
    )
    await world.write([1])
    await world.write([1])

    expect(world.failures).toEqual([])
    expect(world.clock.monotonic()).toBeGreaterThan(130_000)
  })

  test('fails at once when the broker refuses a batch permanently', async () => {
    const world = new World(() => 'answered')
    world.leader.append = () => ({ ...noError, errorCode: 10, errorMessage: 'too large' })
    await world.write([1, 1])

    expect(world.failures).toMatchObject([
      { code: 'KAFKA_RECORD_REJECTED', why: expect.stringContaining('too large') },
    ])
    expect(world.clock.monotonic()).toBeLessThanOrEqual(1000)
  })

  test('fails when a batch lands at another offset, because something else writes into the topic', async () => {
    const world = new World(() => 'answered')
    world.leader.append = () => ({ ...noError, baseOffset: startOffset + 7 })
    await world.write([1])

    expect(world.failures).toMatchObject([
      { code: 'KAFKA_TOPIC_NOT_EMPTY', facts: { offset: 107, expected: 100 } },
    ])
  })

  /** A lane whose requests a test answers one by one, each to the leader of the moment. */
  class AnsweredLane {
    readonly clock = new TestClock()
    readonly requests: {
      readonly leader: number | undefined
      readonly firstRecord: number
      answer(result: Partial<ProduceResult>): void
    }[] = []
    readonly acknowledged: number[] = []
    readonly failures: unknown[] = []
    readonly #lane: PartitionLane
    leader: number | undefined = 1

    constructor() {
      const port: LanePort = {
        clock: this.clock,
        topic: 'orders',
        leader: () => this.leader,
        send: ({ firstRecord }, leader) =>
          new Promise((resolve) => {
            const answer = (result: Partial<ProduceResult>): void =>
              resolve({ ...noError, ...result })
            this.requests.push({ leader, firstRecord, answer })
          }),
        refreshLeader: async () => {},
        onAcknowledged: ({ firstRecord }) => this.acknowledged.push(firstRecord),
        onFailed: (error) => this.failures.push(error),
      }
      this.#lane = new PartitionLane(port, 0, startOffset)
    }

    /** Batches of one record each. */
    enqueue(...firstRecords: readonly number[]): void {
      for (const firstRecord of firstRecords) {
        this.#lane.enqueue({ partition: 0, batch: Buffer.alloc(0), records: 1, firstRecord })
      }
    }

    async answer(request: number, result: Partial<ProduceResult>): Promise<void> {
      this.requests[request]?.answer(result)
      await this.clock.pass(10)
    }

    /** What was asked for from the request `from` on. */
    sent(from: number): readonly unknown[] {
      return this.requests.slice(from).map(({ leader, firstRecord }) => [leader, firstRecord])
    }
  }

  test('sends a batch that is out of order again, together with the older one that is unanswered', async () => {
    const lane = new AnsweredLane()
    lane.enqueue(0, 1, 2)
    await lane.answer(1, { errorCode: 45 })
    await lane.answer(2, { errorCode: 45 })
    await lane.answer(0, { errorCode: 6 })
    lane.leader = 2
    await lane.clock.pass(1000)
    expect(lane.failures).toEqual([])
    expect(lane.sent(3)).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
    ])

    for (const record of [0, 1, 2]) {
      await lane.answer(3 + record, { baseOffset: startOffset + record })
    }
    expect(lane.acknowledged).toEqual([0, 1, 2])
  })

  test('fails when a batch is out of order although all batches before it were appended', async () => {
    const lane = new AnsweredLane()
    lane.enqueue(0, 1)
    await lane.answer(0, { baseOffset: startOffset })
    await lane.answer(1, { errorCode: 45 })

    expect(lane.failures).toMatchObject([{ facts: { kafkaError: 'OUT_OF_ORDER_SEQUENCE_NUMBER' } }])
  })

  test('sends nothing to a new leader before the old one has answered everything', async () => {
    const lane = new AnsweredLane()
    lane.enqueue(0, 1)
    lane.leader = 2
    lane.enqueue(2)
    await lane.answer(0, { baseOffset: startOffset })
    lane.enqueue(3)
    expect(lane.sent(0)).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
      [1, 3],
    ])

    for (const record of [1, 2, 3]) await lane.answer(record, { baseOffset: startOffset + record })
    lane.enqueue(4)
    expect(lane.sent(4)).toEqual([[2, 4]])
  })

  test('looks for a leader again when none was found', async () => {
    let requests = 0
    let searches = 0
    const clock = new TestClock()
    const acknowledged: OutgoingBatch[] = []
    const lane = new PartitionLane(
      {
        clock,
        topic: 'orders',
        leader: () => 1,
        send: async () => {
          requests += 1
          return requests === 1 ? { ...noError, errorCode: 6 } : { ...noError, baseOffset: 0 }
        },
        refreshLeader: async () => {
          searches += 1
          if (searches < 3) throw kafkaError(5, facts)
        },
        onAcknowledged: (batch) => acknowledged.push(batch),
        onFailed: (error) => {
          throw error
        },
      },
      0,
      0,
    )
    lane.enqueue({ partition: 0, batch: Buffer.alloc(0), records: 1, firstRecord: 0 })
    await clock.pass(5000)

    expect(acknowledged).toHaveLength(1)
    expect(searches).toBe(3)
  })

  test('counts what was in flight when it is closed, and sends nothing more', async () => {
    const world = new World(() => 'answered')
    for (let firstRecord = 0; firstRecord < 8; firstRecord++) {
      world.lane.enqueue({ partition: 0, batch: Buffer.alloc(0), records: 1, firstRecord })
    }
    await world.clock.passUntil(world.lane.close())

    expect(world.acknowledged).toHaveLength(5)
    expect(world.leader.log).toHaveLength(5)
  })

  test('ends at once when it is closed while it waits for a leader', async () => {
    const world = new World(() => 'error before')
    world.lane.enqueue({ partition: 0, batch: Buffer.alloc(0), records: 1, firstRecord: 0 })
    await world.clock.pass(50)
    await world.lane.close()
    await world.clock.pass(60_000)

    expect(world.refreshed).toBe(0)
    expect(world.failures).toEqual([])
  })
})
