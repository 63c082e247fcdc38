import {
  type LeftOut,
  planRebuild,
  type RebuildPlan,
  rebuildIndex,
  type SurveyProgress,
} from '@kannery/core/rebuild'
import { parseRetention } from '@kannery/core/retention'
import type { Damage } from '@kannery/core/segment'
import { Worker } from '@kannery/core/writing'
import type { KanneryError } from '@kannery/storage'
import { openStorage, openWritableStorage, type StorageLocation } from '../storage/open-storage.ts'
import { systemClock, systemRandom } from '../system.ts'
import { nameWriter } from './topics/writer.ts'

export interface RebuildIndexOptions {
  readonly storage: StorageLocation
  readonly topic: string
  /** Retention of all segments, counted from now: `keep`, or a duration such as `30d`. */
  readonly retention: string
  /** True to read the segments and write nothing. */
  readonly dryRun: boolean
  readonly onProgress: (progress: SurveyProgress) => void
  readonly onWarning: (warning: KanneryError) => void
}

export interface RebuiltIndex {
  readonly topic: string
  /** Whether the index was written. */
  readonly rebuilt: boolean
  readonly epoch: number
  /** Number of incarnations of the topic. */
  readonly incarnations: number
  readonly segments: number
  readonly records: number
  /** Number of segments that hold nothing that others do not: they are garbage now. */
  readonly superseded: number
  /** Offsets between segments that no segment covers. */
  readonly gaps: readonly {
    readonly in: number
    readonly partition: number
    readonly offsets: readonly [from: number, next: number]
  }[]
  /** Segments that the index does not name. */
  readonly leftOut: readonly LeftOut[]
  /** Damage in the segments that the new index names. Their undamaged chunks can be restored. */
  readonly damages: readonly Damage[]
}

/**
 * Makes a lost or damaged index again from the segments.
 *
 * @throws as core's rebuildIndex, and as opening a storage does
 */
export async function rebuildBackupIndex(options: RebuildIndexOptions): Promise<RebuiltIndex> {
  const { topic, dryRun, onProgress, onWarning } = options
  const retention = parseRetention(options.retention)
  if (dryRun) {
    await using storage = await openStorage(options.storage)
    return sumUp(topic, await planRebuild(storage, topic, onProgress), false)
  }
  await using storage = await openWritableStorage(options.storage, onWarning)
  await using worker = await Worker.start({
    storage,
    clock: systemClock,
    random: systemRandom,
    description: nameWriter(options.storage.plugins.app.version),
    onWarning,
  })
  const { plan } = await rebuildIndex(topic, { storage, worker, retention, onProgress })
  return sumUp(topic, plan, true)
}

function sumUp(topic: string, plan: RebuildPlan, rebuilt: boolean): RebuiltIndex {
  const { arrangement, epoch, leftOut, damages } = plan
  const { incarnations, segments, superseded, holes } = arrangement
  return {
    topic,
    rebuilt,
    epoch,
    incarnations: incarnations.length,
    segments: segments.length,
    records: segments.reduce((sum, { records }) => sum + records, 0),
    superseded: superseded.length,
    gaps: holes,
    leftOut,
    damages,
  }
}
