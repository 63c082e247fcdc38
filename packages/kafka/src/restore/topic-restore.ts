import type { Damage } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import { MemoryBudget } from '../concurrency/memory-budget.ts'
import { BackupReader } from '../reading/backup-reader.ts'
import type { ChunkReading } from '../reading/backup-source.ts'
import type { BackupChunk } from '../reading/chunk-batches.ts'
import type { Selection } from '../reading/selection.ts'
import { type Destination, endOffsets, openDestination, openTopic } from './destination.ts'
import { Ledger } from './ledger.ts'
import type { Findings } from './preflight/findings.ts'
import { type Preflight, preflight } from './preflight/preflight.ts'
import { RecycledMemory } from './producing/recycled-memory.ts'
import { TopicProducer } from './producing/topic-producer.ts'
import { writeRecords } from './producing/write-records.ts'
import { type RecordChanges, transformChunks } from './records/record-stage.ts'
import type {
  RestorePlan,
  RestoreProgress,
  RestoreReport,
  RestoreSettings,
  TopicToRestore,
} from './restore-options.ts'
import { readBytesPerPartition, TargetReader } from './verification/target-reader.ts'
import { type Verification, verifyTarget } from './verification/verify-target.ts'

const defaultBudgetBytes = 64 * 1024 * 1024

/** A topic with its name in the target, and how it is restored. */
export interface TopicRestoreOptions extends RestoreSettings, TopicToRestore {
  readonly as: string
}

/** How the restore of a topic ended. */
export interface TopicOutcome {
  /** What is in the target, also if there is an error. */
  readonly report: RestoreReport
  /** Undefined if everything was restored, and compared if that was asked for. */
  readonly error: unknown
}

/** The restore of one topic: prepared first, which changes nothing, then run once. */
export class TopicRestore {
  readonly #options: TopicRestoreOptions
  readonly #reader: BackupReader
  readonly #selection: Selection
  readonly #checked: Preflight

  private constructor(
    options: TopicRestoreOptions,
    { reader, selection }: { readonly reader: BackupReader; readonly selection: Selection },
    checked: Preflight,
  ) {
    this.#options = options
    this.#reader = reader
    this.#selection = selection
    this.#checked = checked
  }

  /**
   * Reads the index and checks the target. Adds what prevents the restore to `findings`, and then
   * resolves with undefined.
   *
   * @throws what prevents further checks: INDEX_*, CONFIG_INVALID for a choice that the backup does
   *   not have, KAFKA_UNREACHABLE, STORAGE_*.
   */
  static async prepare(
    options: TopicRestoreOptions,
    findings: Findings,
  ): Promise<TopicRestore | undefined> {
    const { storage, topic, signal } = options
    const reader = await BackupReader.open(storage, topic, { signal })
    const selection = reader.select(options)
    const checked = await preflight({ ...options, reader, selection }, findings)
    return checked && new TopicRestore(options, { reader, selection }, checked)
  }

  get plan(): RestorePlan {
    const { topic, as } = this.#options
    const { incarnation } = this.#selection
    const numbers = this.#reader.index.incarnations.map(({ n }) => n)
    const { records, notRestored } = this.#checked.estimate
    return {
      topic,
      as,
      records,
      notRestored,
      settingsLeftOut: this.#checked.leftOut,
      incarnation: incarnation.n,
      otherIncarnations: numbers.filter((n) => n !== incarnation.n),
    }
  }

  /**
   * Creates the topic if it is absent, writes the records, compares them if that was asked for, and
   * then gives the topic its final configuration. Resolves also if it fails after the topic was
   * created or something may have been written: with VERIFY_FAILED, RESTORE_INCOMPLETE,
   * INTERRUPTED, DATA_CORRUPT, CONFIG_INVALID or KAFKA_* as the error.
   *
   * @throws what prevented it from writing anything: KAFKA_TOPIC_NOT_EMPTY, KAFKA_TOPIC_MISMATCH,
   *   KAFKA_DENIED, CONFIG_INVALID, INTERRUPTED and other KAFKA_*. If the creation of the topic
   *   failed, the message says so if it was created or may have been.
   */
  async run(onProgress: (progress: RestoreProgress) => void): Promise<TopicOutcome> {
    const { cluster, verify, transforms = [] } = this.#options
    const opened = await this.#opening(openTopic(cluster, this.#checked, verify))
    const { records, ...plan } = this.plan
    const begun = { ...plan, created: opened.isCreated }
    let destination: Destination
    try {
      const choice = { selection: this.#selection, verify }
      destination = await this.#opening(openDestination(cluster, opened, this.#checked, choice))
    } catch (error) {
      if (!opened.isCreated) throw error
      return { report: { ...begun, partitions: [], skippedDamage: [] }, error }
    }
    const ledger = new Ledger(records, destination.startOffsets, onProgress)
    const { verification, error } = await this.#fill(destination, ledger)
    const { partitions, damage: skippedDamage } = ledger
    const verified = verification === undefined ? {} : { verification }
    const changed = transforms.length === 0 ? {} : { changes: ledger.changes }
    return { report: { ...begun, partitions, skippedDamage, ...changed, ...verified }, error }
  }

  async #opening<T>(step: Promise<T>): Promise<T> {
    const { as, signal } = this.#options
    try {
      return await step
    } catch (error) {
      if (signal?.aborted !== true || KanneryError.is(error)) throw error
      throw interruptedOpening(as, error)
    }
  }

  async #fill(
    destination: Destination,
    ledger: Ledger,
  ): Promise<{ readonly verification?: Verification | undefined; readonly error?: unknown }> {
    const { as, signal } = this.#options
    let verification: Verification | undefined
    try {
      verification = await this.#writeAndCompare(destination, ledger).catch((thrown: unknown) => {
        throw ledger.explain(thrown, as, signal)
      })
      await destination.finish()
      return { verification }
    } catch (error) {
      return {
        verification,
        error: KanneryError.is(error) ? error : ledger.explain(error, as, signal),
      }
    }
  }

  async #writeAndCompare(
    destination: Destination,
    ledger: Ledger,
  ): Promise<Verification | undefined> {
    const { verify, skipDamaged, signal } = this.#options
    const onDamage = skipDamaged ? (damage: Damage) => ledger.leftOut(damage) : undefined
    await this.#write(destination, ledger, onDamage)
    const verification = verify ? await this.#compare(destination, onDamage) : undefined
    signal?.throwIfAborted()
    return verification
  }

  async #write(
    destination: Destination,
    ledger: Ledger,
    onDamage: ChunkReading['onDamage'],
  ): Promise<void> {
    const { cluster, clock, budgetBytes = defaultBudgetBytes, signal } = this.#options
    const budget = new MemoryBudget(budgetBytes)
    const recycled = new RecycledMemory(budgetBytes)
    await using producer = new TopicProducer({
      cluster,
      clock,
      topic: destination.topic,
      identity: this.#checked.identity,
      startOffsets: destination.startOffsets,
      budget,
    })
    await writeRecords({
      chunks: this.#chunks({ onDamage, allocate: (length) => recycled.take(length) }, (changes) =>
        ledger.changed(changes),
      ),
      producer,
      budget,
      recycled,
      ledger,
      maxBatchBytes: destination.maxBatchBytes,
      onDamage,
      signal,
    })
  }

  async #compare(
    { startOffsets, topic }: Destination,
    onDamage: ChunkReading['onDamage'],
  ): Promise<Verification> {
    const { cluster, clock, budgetBytes = defaultBudgetBytes, signal } = this.#options
    await using reader = new TargetReader({
      cluster,
      clock,
      topic,
      maxBytes: readBytesPerPartition(startOffsets.size, budgetBytes / 2),
      signal,
    })
    const ends = await endOffsets(cluster, topic.name, new Set(startOffsets.keys()))
    const logStarts = await cluster.listOffsets(topic.name, 'earliest', 'read-uncommitted')
    const ranges = new Map(
      Array.from(ends, ([partition, end]) => [
        partition,
        { from: startOffsets.get(partition) ?? 0, logStart: logStarts.get(partition) ?? 0, end },
      ]),
    )
    return await verifyTarget({
      topic: topic.name,
      reader,
      ranges,
      backup: this.#chunks({ onDamage }),
      notRestored: this.#checked.estimate.notRestored,
      onDamage,
    })
  }

  /** Yields what the target must hold: the same chunks for the writing and the comparison. */
  #chunks(
    reading: ChunkReading,
    onChanges?: (changes: RecordChanges) => void,
  ): AsyncGenerator<BackupChunk, void, undefined> {
    const chunks = this.#reader.chunks(this.#selection, reading)
    return transformChunks(chunks, this.#options.transforms ?? [], reading.onDamage, onChanges)
  }
}

function interruptedOpening(as: string, cause: unknown): KanneryError {
  const message = `the restore into topic "${as}" was interrupted before its first record`
  return new KanneryError('INTERRUPTED', message, {
    why: 'the topic was being created or checked: if it exists, it is empty',
    remedy: 'Restore it again.',
    facts: { topic: as, restored: 0 },
    cause,
  })
}
