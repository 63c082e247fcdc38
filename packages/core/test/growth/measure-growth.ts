import { performance } from 'node:perf_hooks'
import {
  decorate,
  type StorageAttempt,
  type StorageObserver,
  type StorageOperation,
} from '@kannery/storage/client'
import { encodeIndex } from '../../src/index-file/format/index-document.ts'
import { cluster, World } from '../fixtures.ts'
import { entryAt, type Growth, growTopic } from './grown-topic.ts'

/** What went to the storage and came from it. */
export interface Traffic {
  readonly requests: readonly StorageOperation[]
  readonly sentBytes: number
  readonly receivedBytes: number
}

export interface CommitCost extends Traffic {
  readonly milliseconds: number
}

export interface GrowthCost extends Growth {
  /** The largest that was written. */
  readonly indexBytes: number
  readonly acquire: Traffic
  readonly commits: readonly CommitCost[]
}

const topic = 'orders'

/**
 * A worker acquires a topic that has grown, and commits `commits` segments, over a storage in
 * memory: what takes time is Kannery's own work. Every attempt that reaches the storage is counted.
 */
export async function measureGrowth(growth: Growth, commits: number): Promise<GrowthCost> {
  const world = new World({ answersHaveTime: true })
  await growTopic(world, topic, growth)
  const meter = new Meter()
  const storage = decorate(world.way('measured'), {
    clock: world.clock,
    random: world.random.fork(),
    observer: meter,
  })
  const worker = await world.worker('measured', { storage })
  const session = await worker.acquire(topic, { cluster })
  const acquire = meter.take()
  const costs: CommitCost[] = []
  let indexBytes = 0
  for (let at = growth.segments; at < growth.segments + commits; at++) {
    const segment = entryAt(session.newSegmentId(), at, growth.partitions)
    const started = performance.now()
    await session.commit({ segment })
    costs.push({ milliseconds: performance.now() - started, ...meter.take() })
    indexBytes = Math.max(indexBytes, encodeIndex(session.index).length)
  }
  return { ...growth, indexBytes, acquire, commits: costs }
}

class Meter implements StorageObserver {
  #attempts: StorageAttempt[] = []

  onAttempt(attempt: StorageAttempt): void {
    this.#attempts.push(attempt)
  }

  /** What came since the last time. */
  take(): Traffic {
    const attempts = this.#attempts
    this.#attempts = []
    return {
      requests: attempts.map(({ operation }) => operation),
      sentBytes: attempts.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
      receivedBytes: attempts.reduce((sum, { responseBytes }) => sum + responseBytes, 0),
    }
  }
}
