import { holdingsOf } from '@kannery/core/index-file'
import { acceptIndex } from '@kannery/core/rebuild'
import { UlidSource } from '@kannery/core/ulid'
import type { KanneryError } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'

export interface AcceptIndexOptions {
  readonly storage: StorageLocation
  readonly topic: string
  /** Judge the edit, and write nothing. */
  readonly dryRun: boolean
  readonly onWarning: (warning: KanneryError) => void
}

export interface AcceptedIndex {
  readonly topic: string
  /** false: the checksum was right, there was nothing to accept. */
  readonly edited: boolean
  /** The index was written. */
  readonly accepted: boolean
  /**
   * Segments of all incarnations that are neither expired nor deleted, and the records stored in
   * them.
   */
  readonly segments: number
  readonly records: number
  /** Keys of segments in the folder that the index does not name. */
  readonly unnamed: readonly string[]
  /** Keys of segments that it names and that are not there. */
  readonly absent: readonly string[]
}

/**
 * Accepts an index that a person edited. @throws as core's acceptIndex, and as opening a storage
 * does
 */
export async function acceptBackupIndex(options: AcceptIndexOptions): Promise<AcceptedIndex> {
  const { topic, dryRun, onWarning } = options
  await using storage = dryRun
    ? await openStorage(options.storage)
    : await openWritableStorage(options.storage, onWarning)
  const ids = new UlidSource({ clock: systemClock, random: systemRandom })
  const { index, edited, unnamed, absent } = await acceptIndex(storage, topic, { ids, dryRun })
  const holdings = index.incarnations.map(({ n }) => holdingsOf(index, n))
  return {
    topic,
    edited,
    accepted: edited && !dryRun,
    segments: holdings.reduce((sum, { segments }) => sum + segments, 0),
    records: holdings.reduce((sum, { records }) => sum + records, 0),
    unnamed,
    absent,
  }
}
