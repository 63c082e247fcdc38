import type { Damage } from '@kannery/core/segment'
import type { KafkaRecord, RestoreWindow } from '@kannery/kafka'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'

export interface CatOptions {
  readonly storage: StorageLocation
  readonly topic: string
  readonly window: RestoreWindow
  /** Partitions to read. Defaults to all. */
  readonly partitions?: readonly number[]
  /** Number of the incarnation to read. Defaults to the last one. */
  readonly incarnation?: number
  /** Leaves out what is damaged and reports it to `onDamage`; otherwise damage is thrown. */
  readonly skipDamaged: boolean
  readonly onDamage: (damage: Damage) => void
  readonly signal: AbortSignal
}

/** A record of a backup. */
export interface CatRecord extends KafkaRecord {
  readonly partition: number
}

/**
 * Reads the records of a topic's backup, a batch at a time. Records of one partition come in the
 * order of their offsets; partitions alternate as their segments hold them. Reads only the byte
 * ranges that may hold what was asked for.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic, DATA_CORRUPT naming object and
 *   bytes
 */
export async function* catBackup(
  options: CatOptions,
): AsyncGenerator<readonly CatRecord[], void, undefined> {
  const { topic, window, partitions, incarnation, skipDamaged, onDamage, signal } = options
  const { BackupReader } = await import('@kannery/kafka')
  await using storage = await openStorage(options.storage)
  const reader = await BackupReader.open(storage, topic, { signal })
  const selection = reader.select({ window, partitions, incarnation })
  const batches = reader.batches(selection, { onDamage: skipDamaged ? onDamage : undefined })
  for await (const batch of batches) {
    yield batch.records().map((record) => ({ ...record, partition: batch.partition }))
  }
}
