import type { Damage } from '@kannery/core/segment'
import type { BackupBatch } from '../../reading/backup-batch.ts'
import { unlessDamaged } from '../../reading/chunk-batches.ts'
import { recordsSize } from '../../record-batch/encode-records.ts'
import { batchHeaderBytes } from '../../record-batch/header.ts'
import type { KafkaRecord } from '../../record-batch/records.ts'

/** How large merged batches may become, and what happens to batches that cannot be read. */
export interface MergeOptions {
  /** Size of the largest batch that the target accepts. */
  readonly maxBatchBytes: number
  /** Receives batches that cannot be decoded, which are left out. Without it, they are thrown. */
  readonly onDamage?: ((damage: Damage) => void) | undefined
}

/**
 * Batches of more records or bytes stay as they are: to decode and encode them costs as much as a
 * request of their own.
 */
const smallRecords = 32
const smallBytes = 32 * 1024
/** The same for compressed batches, which are also decompressed and compressed again. */
const smallCompressedBytes = 4 * 1024
/** How large a merged batch becomes: consumers read batches whole. */
const mergedBytes = 128 * 1024

/**
 * Merges neighbouring small batches of one partition that have the same compression: a broker takes
 * one batch of a partition per request. All other batches, and small ones that have no neighbour to
 * be merged with, stay as they are. Records keep their order, and each stays as it is.
 *
 * @throws DATA_CORRUPT for a small batch that cannot be decoded, unless `onDamage` is given.
 */
export function* mergeSmallBatches(
  batches: Iterable<BackupBatch>,
  { maxBatchBytes, onDamage }: MergeOptions,
): Generator<BackupBatch, void, undefined> {
  const group = new Group(Math.min(mergedBytes, maxBatchBytes) - batchHeaderBytes)
  for (const batch of batches) {
    if (!isSmall(batch)) {
      yield* group.end()
      yield batch
      continue
    }
    const records = unlessDamaged(onDamage, () => batch.records())
    if (records === undefined) continue
    const bytes = recordsSize(records)
    const member = { batch, records, bytes }
    if (!group.hasRoomFor(member)) yield* group.end()
    group.add(member)
  }
  yield* group.end()
}

function isSmall({ header, bytes }: BackupBatch): boolean {
  const limit = header.codec === 'none' ? smallBytes : smallCompressedBytes
  return header.records <= smallRecords && bytes.length <= limit
}

/** A small batch, decoded. */
interface Member {
  readonly batch: BackupBatch
  readonly records: readonly KafkaRecord[]
  /** Size of the records, bytes. */
  readonly bytes: number
}

/** Neighbouring batches that become one. */
class Group {
  readonly #limit: number
  #members: Member[] = []
  #bytes = 0

  /** `limitBytes`: how large its records may be together. A single batch may be larger. */
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  hasRoomFor({ batch, bytes }: Member): boolean {
    const [first] = this.#members
    return (
      first === undefined ||
      (first.batch.header.codec === batch.header.codec && this.#bytes + bytes <= this.#limit)
    )
  }

  add(member: Member): void {
    this.#members.push(member)
    this.#bytes += member.bytes
  }

  /** Yields the merged batch, unless the group is empty. The group is empty then. */
  *end(): Generator<BackupBatch, void, undefined> {
    const members = this.#members
    this.#members = []
    this.#bytes = 0
    const [first] = members
    if (first === undefined) return
    // A batch alone does not hold its decoded records: it is sent as it is.
    yield members.length === 1 ? first.batch : merged(first.batch, members)
  }
}

function merged(first: BackupBatch, members: readonly Member[]): BackupBatch {
  const all = members.flatMap(({ records }) => records)
  return { ...first, asStored: false, records: () => all }
}
