import type { Damage } from '@kannery/core/segment'
import { KanneryError } from '@kannery/storage'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { type BackupChunk, unlessDamaged } from '../../reading/chunk-batches.ts'
import type { MissingOffsets } from '../../reading/missing-offsets.ts'
import { type BatchHeader, batchHeaderBytes } from '../../record-batch/header.ts'
import { decodeRecords, type KafkaRecord } from '../../record-batch/records.ts'
import { type Difference, PartitionComparison } from './partition-comparison.ts'
import type { TargetBatch, TargetReader } from './target-reader.ts'

/** Result of the comparison of a restored topic with its backup. */
export interface Verification {
  /** Number of records of the backup that were compared. */
  readonly records: number
  /** What differs; empty when the comparison succeeded. */
  readonly differences: readonly Difference[]
  /** Number of offsets that the backup does not have, so that nothing could be compared. */
  readonly missingOffsets: number
}

/** What to compare. */
export interface VerifyOptions {
  /** The topic's name in the target. */
  readonly topic: string
  readonly reader: TargetReader
  readonly ranges: ReadonlyMap<number, TargetRange>
  /** The chunks that were restored, read again. */
  readonly backup: AsyncIterable<BackupChunk>
  /** Offsets that were asked for and that the backup does not have. */
  readonly notRestored: readonly MissingOffsets[]
  /**
   * Receives batches that cannot be read, which the restore left out. Without it, they are thrown.
   */
  readonly onDamage?: ((damage: Damage) => void) | undefined
}

/** Offsets of one partition of the target. */
export interface TargetRange {
  /** Where the restored records begin. */
  readonly from: number
  /** First offset that can be read. It is greater than `from` if restored records were deleted. */
  readonly logStart: number
  readonly end: number
}

/** How many differences the error names. All are counted. */
const namedDifferences = 100
const shownDifferences = 10

/**
 * Compares the restored topic with the backup, record by record: key, value, headers, timestamp,
 * order, partition and number.
 *
 * @throws VERIFY_FAILED naming partition and offset of what differs.
 */
export async function verifyTarget(options: VerifyOptions): Promise<Verification> {
  const differences: Difference[] = []
  let count = 0
  const sides = new Map<number, PartitionSides>()
  for (const [partition, range] of options.ranges) {
    const comparison = new PartitionComparison(partition, range.from, (difference) => {
      count += 1
      if (differences.length < namedDifferences) differences.push(difference)
    })
    const readable = Math.max(range.from, range.logStart)
    const batches = options.reader.batches(partition, readable, range.end)
    sides.set(
      partition,
      new PartitionSides({ comparison, batches, readable, onDamage: options.onDamage }),
    )
  }
  for await (const { batches } of options.backup) {
    for (const batch of batches) await sides.get(batch.partition)?.expect(batch)
  }
  let records = 0
  for (const side of sides.values()) records += await side.end()
  if (count > 0) throw failed(options.topic, { records, differences, count })
  const missingOffsets = options.notRestored.reduce(
    (sum, { offsets: [from, next] }) => sum + next - from,
    0,
  )
  return { records, differences, missingOffsets }
}

/** Compares one partition of the backup with the same partition of the target. */
class PartitionSides {
  readonly #comparison: PartitionComparison
  readonly #batches: AsyncIterator<TargetBatch>
  readonly #readable: number
  readonly #onDamage: ((damage: Damage) => void) | undefined

  constructor(parts: {
    readonly comparison: PartitionComparison
    readonly batches: AsyncIterator<TargetBatch>
    /**
     * Offset below which records are deleted. A broker serves whole batches, also with deleted
     * records.
     */
    readonly readable: number
    readonly onDamage: ((damage: Damage) => void) | undefined
  }) {
    this.#comparison = parts.comparison
    this.#batches = parts.batches
    this.#readable = parts.readable
    this.#onDamage = parts.onDamage
  }

  async expect(batch: BackupBatch): Promise<void> {
    if (this.#comparison.isLevel) {
      const target = await this.#next()
      if (target !== undefined && this.#isWhole(target) && sameBytes(batch, target)) {
        this.#comparison.skipSame(batch.header.records)
        return
      }
      if (target === undefined) this.#comparison.endActual()
      else this.#comparison.meet(this.#recordsOf(target))
    }
    this.#comparison.expect(unlessDamaged(this.#onDamage, () => batch.records()) ?? [])
    await this.#meet()
  }

  /** Compares what is left. Returns how many records of the backup were compared. */
  async end(): Promise<number> {
    this.#comparison.endExpected()
    await this.#meet()
    return this.#comparison.compared
  }

  async #meet(): Promise<void> {
    while (this.#comparison.wantsActual) {
      const target = await this.#next()
      if (target === undefined) this.#comparison.endActual()
      else this.#comparison.meet(this.#recordsOf(target))
    }
  }

  #isWhole({ header }: TargetBatch): boolean {
    return header.baseOffset >= this.#readable
  }

  #recordsOf(target: TargetBatch): readonly KafkaRecord[] {
    if (target.header.isControl) return []
    const records = decodeRecords(target.bytes, target.header)
    return this.#isWhole(target)
      ? records
      : records.filter(({ offset }) => offset >= this.#readable)
  }

  async #next(): Promise<TargetBatch | undefined> {
    const next = await this.#batches.next()
    return next.done === true ? undefined : next.value
  }
}

/**
 * Whether two batches certainly hold the same records: their bytes are the same, and so is what
 * gives them meaning. Decodes nothing.
 */
function sameBytes({ bytes, header, asStored }: BackupBatch, target: TargetBatch): boolean {
  const other = target.header
  return (
    asStored &&
    meansTheSame(header, other) &&
    Buffer.compare(
      bytes.subarray(batchHeaderBytes),
      target.bytes.subarray(other.position + batchHeaderBytes, other.position + other.length),
    ) === 0
  )
}

function meansTheSame(one: BatchHeader, other: BatchHeader): boolean {
  return (
    one.timestampType === 'create' &&
    other.timestampType === 'create' &&
    !other.isControl &&
    one.codec === other.codec &&
    one.records === other.records &&
    one.baseTimestamp === other.baseTimestamp
  )
}

function failed(
  topic: string,
  found: {
    readonly records: number
    readonly differences: readonly Difference[]
    readonly count: number
  },
): KanneryError {
  const { records, differences, count } = found
  const shown = differences.slice(0, shownDifferences)
  const lines = shown.map(
    ({ partition, offset, reason }) => `partition ${partition}, offset ${offset}: ${reason}`,
  )
  const rest = count > shown.length ? [`… and ${count - shown.length} more`] : []
  const [first] = differences
  return new KanneryError(
    'VERIFY_FAILED',
    `the restored topic "${topic}" is not what the backup holds: ${count} differences`,
    {
      why: [...lines, ...rest].join('\n'),
      facts: {
        topic,
        records,
        differences: count,
        partition: first?.partition,
        offset: first?.offset,
      },
    },
  )
}
