import {
  KanneryError,
  type ObjectKey,
  type ObjectVersion,
  type StorageBackend,
} from '@kannery/storage'
import { readObject } from '@kannery/storage/client'
import { indexMissing } from '../index-file/format/errors.ts'
import { encodeIndex, parseIndex } from '../index-file/format/index-document.ts'
import {
  type Gap,
  type GarbageEntry,
  type Index,
  maxIndexBytes,
} from '../index-file/format/model.ts'
import { rollPages } from '../index-file/roll.ts'
import { topicKeys } from '../layout/keys.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import { findLaterSegment } from '../recovery/later-segments.ts'
import { LeftoverFooters } from '../recovery/leftover-footers.ts'
import { encodeRetention, expiryOf, type Retention } from '../retention/retention.ts'
import type { Damage } from '../segment/format/damage.ts'
import { laterUlid, type Ulid } from '../ulid/ulid.ts'
import { isUntouched } from '../writing/acquire-epoch.ts'
import type { Tenure, Worker } from '../writing/worker.ts'
import { type Arrangement, arrangeSegments } from './arrange-segments.ts'
import {
  type FolderSurvey,
  type LeftOut,
  type SurveyProgress,
  surveySegments,
} from './survey-segments.ts'

/** Sets what {@link rebuildIndex} works with. */
export interface RebuildOptions {
  readonly storage: StorageBackend
  /** The worker that holds the topic's lease during the rebuild. */
  readonly worker: Worker
  /** Retention of the rebuilt index. Its segments expire by it, counted from the rebuild. */
  readonly retention: Retention
  /** Called after each segment that was read. */
  readonly onProgress?: ((progress: SurveyProgress) => void) | undefined
}

/** Describes the index that a rebuild writes, as derived from the segments. */
export interface RebuildPlan {
  /** The incarnations and entries of the new index. */
  readonly arrangement: Arrangement
  /** The new epoch, greater than that of every writer that left a segment or an index. */
  readonly epoch: number
  /** Pages in the folder. They become garbage. */
  readonly pages: readonly Ulid[]
  /** Objects that the new index does not name. */
  readonly leftOut: readonly LeftOut[]
  /** Damage in segments that the new index names: what is whole in them can be restored. */
  readonly damages: readonly Damage[]
  /** The greatest id of a segment or page in the folder; undefined when there is none. */
  readonly greatestId: Ulid | undefined
}

/**
 * The index to replace; undefined: there is none. The points and holds of a damaged index are lost.
 */
type BrokenIndex =
  | (Pick<Index, 'epoch' | 'points' | 'holds'> & { readonly version: ObjectVersion })
  | undefined

/**
 * Plans a rebuild: reads every segment, and returns what the new index would contain. Writes
 * nothing, and acquires no lease.
 *
 * @param onProgress called after each segment that was read
 * @throws INDEX_WHOLE when there is nothing to repair; INDEX_FOREIGN, DATA_VERSION_UNSUPPORTED for
 *   an index that must not be replaced; INDEX_MISSING when there are no segments; STORAGE_*
 */
export async function planRebuild(
  storage: StorageBackend,
  topic: string,
  onProgress?: (progress: SurveyProgress) => void,
): Promise<RebuildPlan> {
  const broken = await brokenIndex(storage, topic)
  return await plan(storage, topic, { broken, onProgress })
}

/**
 * Rebuilds a topic's index that is missing, damaged or older than its segments, from the segments
 * alone: pages are not used. Its epoch is greater than that of every writer that left a segment or
 * an index, so that none of them can commit any more. What segments do not contain is lost: expiry,
 * holds, points, gaps, which entries were deleted, and the topic's configuration. Holds and points
 * of an index that is only old are kept.
 *
 * The index is written last, and only where there is none, or over the one that was examined. An
 * interrupted rebuild leaves pages that no index names, and can be run again.
 *
 * @throws INDEX_WHOLE when there is nothing to repair; INDEX_FOREIGN, DATA_VERSION_UNSUPPORTED for
 *   an index that must not be replaced; INDEX_MISSING when there are no segments; LEASE_HELD,
 *   LEASE_LOST; STORAGE_PRECONDITION_FAILED when an index was written meanwhile; STORAGE_*
 */
export async function rebuildIndex(
  topic: string,
  { storage, worker, retention, onProgress }: RebuildOptions,
): Promise<{ readonly index: Index; readonly plan: RebuildPlan }> {
  // Checked before the lease is acquired, so that INDEX_WHOLE is reported at once.
  await brokenIndex(storage, topic)
  return await worker.whileHolding(topic, async (tenure) => {
    const broken = await brokenIndex(storage, topic)
    const planned = await plan(storage, topic, { broken, onProgress })
    const index = await write(draft(topic, planned, { retention, tenure, broken }), {
      storage,
      broken,
      planned,
      tenure,
    })
    return { index, plan: planned }
  })
}

/**
 * Returns the index to replace.
 *
 * @throws for an index that is whole, or must not be replaced
 */
async function brokenIndex(storage: StorageBackend, topic: string): Promise<BrokenIndex> {
  const { index: key } = topicKeys(topic)
  const object = await readObject(storage, key, { maxBytes: maxIndexBytes })
  if (object === undefined) return undefined
  const { version } = object.info
  try {
    const index = parseIndex(object.bytes, topic)
    const { epoch, points, holds } = index
    const isWhole = !isUntouched(index) && !(await isOutdated(storage, index))
    if (isWhole) throw indexWhole(topic, key)
    return { version, epoch, points, holds }
  } catch (error) {
    if (!KanneryError.is(error, 'DATA_CORRUPT')) throw error
    return { version, epoch: epochIn(object.bytes), points: [], holds: [] }
  }
}

async function isOutdated(storage: StorageBackend, index: Index): Promise<boolean> {
  return (await findLaterSegment(storage, index, new LeftoverFooters(storage))) !== undefined
}

/**
 * Returns the epoch in a damaged index. It only ever raises the new epoch, so it need not be right.
 */
function epochIn(bytes: Uint8Array): number {
  const line = /^epoch: *([0-9]{1,15})\s*$/m.exec(Buffer.from(bytes).toString('latin1'))
  return Number(line?.[1] ?? 0)
}

function indexWhole(topic: string, key: ObjectKey): KanneryError {
  return new KanneryError('INDEX_WHOLE', `the index of topic "${topic}" is whole`, {
    why: 'a rebuild would lose what only it knows: expiry, holds, points and gaps',
    remedy: `To rebuild it all the same, move ${key} away first, and keep it.`,
    facts: { key, topic },
  })
}

async function plan(
  storage: StorageBackend,
  topic: string,
  found: {
    readonly broken: BrokenIndex
    readonly onProgress?: ((progress: SurveyProgress) => void) | undefined
  },
): Promise<RebuildPlan> {
  const survey = await surveySegments(storage, topic, found.onProgress)
  const arrangement = arrangeSegments(survey.segments)
  if (arrangement === undefined) throw nothingToRebuildFrom(topic, survey)
  const epochs = survey.segments.map(({ header }) => header.epoch)
  const cutOff = arrangement.cutOff.map((id) => ({
    key: topicKeys(topic).segment(id),
    why: 'a later leader of its partitions did not have what it alone holds',
  }))
  const strangers = arrangement.strangers.map(({ header, entry }) => ({
    key: topicKeys(topic).segment(entry.id),
    why:
      header.cluster === arrangement.cluster
        ? `it is of another topic with this name (id ${header.topicId})`
        : `it is of the cluster ${header.cluster}`,
  }))
  return {
    arrangement,
    epoch: epochs.reduce((one, other) => Math.max(one, other), found.broken?.epoch ?? 0) + 1,
    pages: survey.pages,
    leftOut: [...survey.leftOut, ...strangers, ...cutOff],
    damages: survey.damages,
    greatestId: survey.greatestId,
  }
}

function nothingToRebuildFrom(topic: string, { leftOut }: FolderSurvey): KanneryError {
  const why =
    leftOut.length === 0
      ? 'there are no segments to rebuild it from'
      : `none of ${leftOut.length} segments can be used: ${leftOut[0]?.key}: ${leftOut[0]?.why}`
  return indexMissing(topic, why)
}

function draft(
  topic: string,
  { arrangement, epoch, pages, greatestId }: RebuildPlan,
  {
    retention,
    tenure,
    broken,
  }: {
    readonly retention: Retention
    readonly tenure: Tenure
    readonly broken: BrokenIndex
  },
): Index {
  const { cluster, incarnations, superseded, holes } = arrangement
  const nowMs = tenure.storageNow()
  const since = new Date(nowMs).toISOString()
  const asGarbage =
    (kind: GarbageEntry['kind']) =>
    (id: Ulid): GarbageEntry => ({ id, kind, since })
  return {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    cluster,
    epoch,
    writer: tenure.writer,
    commit: tenure.ids.next(greatestId),
    // What was uploaded under an earlier epoch is in this index, or left out for a reason.
    committed: epoch,
    retention: encodeRetention(retention),
    points: broken?.points ?? [],
    holds: broken?.holds ?? [],
    keys: [],
    garbage: [...superseded.map(asGarbage('segment')), ...pages.map(asGarbage('page'))],
    incarnations,
    pages: [],
    segments: arrangement.segments.map((entry) => ({
      ...entry,
      expires: expiryOf(retention, entry.time, nowMs),
    })),
    gaps: holes.map((hole): Gap => ({ ...hole, reason: 'unknown', noticed: since })),
    extra: {},
  }
}

async function write(
  index: Index,
  context: {
    readonly storage: StorageBackend
    readonly broken: BrokenIndex
    readonly planned: RebuildPlan
    readonly tenure: Tenure
  },
): Promise<Index> {
  const { storage, broken, planned, tenure } = context
  const { topic, epoch, writer } = index
  const greatest = laterUlid(planned.greatestId, index.commit)
  const newId = (): Ulid => tenure.ids.next(greatest)
  tenure.assertHeld()
  const pages = { storage, topic, epoch, writer, newId }
  const rolled = await rollPages(index, pages, tenure.tailLimits)
  tenure.assertHeld()
  const condition =
    broken === undefined
      ? ({ kind: 'if-absent' } as const)
      : ({ kind: 'if-version', version: broken.version } as const)
  const { index: key } = topicKeys(topic)
  const outcome = await putCertainly(storage, key, encodeIndex(rolled), { condition })
  if (outcome.kind === 'written') return rolled
  throw new KanneryError('STORAGE_PRECONDITION_FAILED', `${key} was put there meanwhile`, {
    retry: 'after-refresh',
    remedy: 'Look at it; if it is not whole, run the rebuild again.',
    facts: { key, topic },
  })
}
