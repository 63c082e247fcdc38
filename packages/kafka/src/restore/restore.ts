import type { Damage, Index } from '@kannery/core'
import { MemoryBudget } from '../concurrency/memory-budget.ts'
import { readChunks } from '../reading/backup-reader.ts'
import { openBackup, type ReadOptions } from '../reading/backup-source.ts'
import type { BackupChunk } from '../reading/chunk-batches.ts'
import { type Selection, select } from '../reading/segment-spans.ts'
import { type Destination, endOffsets, openDestination } from './destination.ts'
import { Ledger } from './ledger.ts'
import { type Preflight, preflight } from './preflight/preflight.ts'
import { RecycledMemory } from './producing/recycled-memory.ts'
import { TopicProducer } from './producing/topic-producer.ts'
import { writeRecords } from './producing/write-records.ts'
import type { ChosenIncarnation, RestoreOptions, RestoreReport } from './restore-options.ts'
import { readBytesPerPartition, TargetReader } from './verification/target-reader.ts'
import { type Verification, verifyTarget } from './verification/verify-target.ts'

const defaultBudgetBytes = 64 * 1024 * 1024

/** What is restored, and whereto. */
interface Plan {
  readonly index: Index
  readonly selection: Selection
  readonly checked: Preflight
  readonly destination: Destination
  readonly ledger: Ledger
}

/**
 * Restores one topic of a backup into Kafka: key, value, headers, timestamp and order of every
 * record, in the partition that it came from. The target must be absent (it is then created as it
 * was) or empty (it is then used as it is). Nothing is written before all checks of the target have
 * passed; the topic's own configuration is set last, behind the comparison.
 *
 * @throws what stands against it, all at once; VERIFY_FAILED; RESTORE_INCOMPLETE; INTERRUPTED;
 *   DATA_CORRUPT; KAFKA_* when the brokers refuse. Once something was written, the error says how
 *   much.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { topic, as = topic, cluster, verify, signal } = options
  const index = await openBackup(readOptions(options))
  const selection = select(index, options)
  const checked = await preflight({ ...options, index, selection, as })
  const { records, notRestored } = checked.estimate
  const { leftOut: settingsLeftOut } = checked
  const chosen = chosenOf(selection, index)
  options.observer.onPlanned?.({ records, notRestored, settingsLeftOut, ...chosen })
  signal?.throwIfAborted()
  const destination = await openDestination(cluster, checked, { selection, verify })
  const ledger = new Ledger(options.observer, records, destination.startOffsets)
  const plan: Plan = { index, selection, checked, destination, ledger }
  let verification: Verification | undefined
  const reportNow = (): RestoreReport => ({
    topic,
    as,
    ...chosen,
    partitions: ledger.partitions,
    notRestored,
    settingsLeftOut,
    skippedDamage: ledger.damage,
    ...(verification === undefined ? {} : { verification }),
  })
  try {
    verification = await writeAndCompare(options, plan).catch((error: unknown) => {
      throw ledger.explain(error, as, signal)
    })
    await destination.finish()
    return reportNow()
  } finally {
    options.observer.onEnded?.(reportNow())
  }
}

async function writeAndCompare(
  options: RestoreOptions,
  plan: Plan,
): Promise<Verification | undefined> {
  await write(options, plan)
  const verification = options.verify ? await compare(options, plan) : undefined
  options.signal?.throwIfAborted()
  return verification
}

async function write(options: RestoreOptions, plan: Plan): Promise<void> {
  const { checked, destination, ledger } = plan
  const { budgetBytes = defaultBudgetBytes } = options
  const budget = new MemoryBudget(budgetBytes)
  const recycled = new RecycledMemory(budgetBytes)
  await using producer = new TopicProducer({
    cluster: options.cluster,
    clock: options.clock,
    topic: destination.topic,
    identity: checked.identity,
    startOffsets: destination.startOffsets,
    budget,
  })
  await writeRecords({
    chunks: chunksOf(options, plan, { allocate: (length) => recycled.take(length) }),
    producer,
    budget,
    recycled,
    ledger,
    maxBatchBytes: destination.maxBatchBytes,
    ...damageOptions(options, plan),
    ...signalOptions(options),
  })
}

async function compare(options: RestoreOptions, plan: Plan): Promise<Verification> {
  const { cluster, clock } = options
  const { startOffsets, topic } = plan.destination
  await using reader = new TargetReader({
    cluster,
    clock,
    topic,
    maxBytes: readBytesPerPartition(startOffsets.size),
    ...signalOptions(options),
  })
  const ends = await endOffsets(cluster, topic.name, new Set(startOffsets.keys()))
  const logStarts = await cluster.listOffsets(topic.name, 'earliest', 'read-uncommitted')
  const ranges = new Map(
    Array.from(ends, ([partition, end]) => [
      partition,
      { from: startOffsets.get(partition) ?? 0, logStart: logStarts.get(partition) ?? 0, end },
    ]),
  )
  const backup = chunksOf(options, plan)
  return await verifyTarget({
    topic: topic.name,
    reader,
    ranges,
    backup,
    notRestored: plan.checked.estimate.notRestored,
    ...damageOptions(options, plan),
  })
}

function chosenOf({ incarnation }: Selection, { incarnations }: Index): ChosenIncarnation {
  const numbers = incarnations.map(({ n }) => n)
  const otherIncarnations = numbers.filter((n) => n !== incarnation.n)
  return { incarnation: incarnation.n, otherIncarnations }
}

function chunksOf(
  options: RestoreOptions,
  plan: Plan,
  memory: Pick<ReadOptions, 'allocate'> = {},
): AsyncGenerator<BackupChunk, void, undefined> {
  const read = { ...readOptions(options), ...damageOptions(options, plan), ...memory }
  return readChunks(read, plan.index, plan.selection)
}

function readOptions(options: RestoreOptions): ReadOptions {
  const { storage, topic } = options
  return { storage, topic, ...signalOptions(options) }
}

/** Damage is refused unless it may be left out. */
function damageOptions(
  { skipDamaged }: RestoreOptions,
  { ledger }: Plan,
): { readonly onDamage?: (damage: Damage) => void } {
  return skipDamaged ? { onDamage: (damage) => ledger.leftOut(damage) } : {}
}

function signalOptions({ signal }: RestoreOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
