import type { Damage } from '@kannery/core/segment'
import type { MemoryBudget } from '../../concurrency/memory-budget.ts'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { type BackupChunk, unlessDamaged } from '../../reading/chunk-batches.ts'
import type { Ledger } from '../ledger.ts'
import { mergeSmallBatches } from '../records/merge-batches.ts'
import { outgoingBatches, type UnstampedBatch } from '../records/outgoing-batches.ts'
import type { RecycledMemory } from './recycled-memory.ts'
import type { TopicProducer } from './topic-producer.ts'

export interface WriteOptions {
  readonly chunks: AsyncGenerator<BackupChunk, void, undefined>
  readonly producer: TopicProducer
  readonly budget: MemoryBudget
  /** Provides the memory of the chunks, and gets it back. */
  readonly recycled: RecycledMemory
  readonly ledger: Ledger
  readonly maxBatchBytes: number
  readonly onDamage?: ((damage: Damage) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Bytes that an unacknowledged batch costs beside its own: with batches of a hundred bytes, that is
 * most of its cost.
 */
const handlingBytes = 2048

/**
 * Writes all chunks. Resolves when every record is acknowledged. If it rejects, no request is
 * unanswered any more, and the ledger counts exactly what is in the target.
 */
export async function writeRecords(options: WriteOptions): Promise<void> {
  const { chunks, producer, signal } = options
  const stop = (): void => producer.stop(signal?.reason)
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    for await (const chunk of oneAhead(chunks)) await sendChunk(options, chunk)
    await producer.drain()
  } catch (error) {
    await producer.close()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/**
 * Sends the batches of a chunk, small ones merged. The chunk stays in memory, and counts against
 * the budget, until the last of its batches is acknowledged.
 */
async function sendChunk(options: WriteOptions, { memory, batches }: BackupChunk): Promise<void> {
  const { budget } = options
  const bytes = memory.byteLength
  await budget.acquire(bytes)
  let holders = 1
  const release = (): void => {
    holders -= 1
    if (holders > 0) return
    options.recycled.giveBack(memory)
    budget.release(bytes)
  }
  for (const batch of mergeSmallBatches(batches, options)) {
    for (const outgoing of encode(options, batch)) {
      holders += 1
      sendBatch(options, batch.partition, outgoing, release)
    }
  }
  release()
}

/**
 * Sends a batch; calls `release` when it is acknowledged. A function of its own, so that nothing
 * holds the decoded records of the batch until then: they do not count against the budget.
 */
function sendBatch(
  { budget, producer, ledger }: WriteOptions,
  partition: number,
  outgoing: UnstampedBatch,
  release: () => void,
): void {
  const { records, bytes, path } = outgoing
  const ownBytes = handlingBytes + (path === 're-encoded' ? bytes : 0)
  budget.charge(ownBytes)
  producer.send({
    partition,
    records,
    stamp: (state) => outgoing.stamp(state),
    onAcknowledged: () => {
      ledger.acknowledged(partition, records, bytes)
      budget.release(ownBytes)
      release()
    },
  })
}

function encode(
  { maxBatchBytes, onDamage }: WriteOptions,
  batch: BackupBatch,
): readonly UnstampedBatch[] {
  return unlessDamaged(onDamage, () => outgoingBatches(batch, maxBatchBytes)) ?? []
}

/** Yields `chunks`, and reads the next one while the present one is being sent. */
async function* oneAhead<T>(
  source: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const ask = (): Promise<IteratorResult<T, void>> => {
    const next = source.next()
    // Its failure is handled when it is awaited below.
    next.catch(() => undefined)
    return next
  }
  let next = ask()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = ask()
      yield value
    }
  } finally {
    await source.return()
  }
}
