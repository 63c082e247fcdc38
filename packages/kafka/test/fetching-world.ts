import { TestClock } from '@kannery/storage-testkit'
import { BrokerReader, type BrokerReaderListener } from '../src/capture/fetching/broker-reader.ts'
import { PartitionCursor } from '../src/capture/fetching/partition-cursor.ts'
import type { FetchTopic } from '../src/protocol/fetch.ts'
import { walkBatches } from '../src/record-batch/header.ts'
import { ScriptedBroker } from './scripted-broker.ts'

const topicIdBytes = new Uint8Array(16).fill(7)
const topic: FetchTopic = {
  name: 'orders',
  topicId: Buffer.from(topicIdBytes).toString('base64url'),
  topicIdBytes,
}
const broker = 1

interface Setting {
  readonly maxBytes?: number
  readonly hasRoom?: () => boolean
}

/** One reader of one scripted broker, and all that it said. */
export class FetchingWorld implements BrokerReaderListener {
  readonly clock = new TestClock()
  readonly broker = new ScriptedBroker(topic)
  readonly events: string[] = []
  readonly reader: BrokerReader
  readonly #ending = new AbortController()
  onEvent: (event: string) => void = () => undefined

  constructor({ maxBytes = 1024 * 1024, hasRoom = () => true }: Setting = {}) {
    this.reader = new BrokerReader({
      broker,
      cluster: this.broker.cluster,
      clock: this.clock,
      listener: this,
      maxBytes,
      gate: { hasRoom, waitForRoom: async () => undefined },
      signal: this.#ending.signal,
    })
  }

  cursor(
    partition: number,
    { next = 0, end }: { next?: number; end?: number } = {},
  ): PartitionCursor {
    const cursor = new PartitionCursor(topic, partition, { next, lastEpoch: -1, end })
    this.lead(cursor)
    return cursor
  }

  lead(cursor: PartitionCursor, epoch = 5): void {
    cursor.lead({ broker, epoch })
    this.reader.assign(cursor)
  }

  /** Until all of `cursors` are finished, or so much time has passed. */
  async run(cursors: readonly PartitionCursor[], milliseconds = 20_000): Promise<void> {
    const running = this.reader.run()
    for (let passed = 0; passed < milliseconds; passed += 100) {
      await this.clock.pass(100)
      if (cursors.every((cursor) => cursor.finished)) break
    }
    this.#ending.abort()
    await running
  }

  onBatches: BrokerReaderListener['onBatches'] = (cursor, { records }, { bytes }) => {
    const offsets = [...walkBatches(records.subarray(0, bytes))].map(({ baseOffset }) => baseOffset)
    this.#say(`${cursor.partition}: ${offsets.join(' ')}`)
  }
  onLost: BrokerReaderListener['onLost'] = (cursor) => {
    cursor.finish()
    this.#say(`${cursor.partition} lost`)
  }
  onFailed: BrokerReaderListener['onFailed'] = (cursor, { code }) => {
    cursor.finish()
    this.#say(`${cursor.partition} ${code}`)
  }
  onLeaderLost: BrokerReaderListener['onLeaderLost'] = () => this.#say('leader lost')
  onBroken: BrokerReaderListener['onBroken'] = (error) => this.#say(`broken: ${String(error)}`)

  #say(event: string): void {
    this.events.push(event)
    this.onEvent(event)
  }
}
