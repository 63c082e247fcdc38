import type { ObjectVersion, StorageBackend, WriteCondition } from '@kannery/storage'
import { indexMissing, indexOutdated } from '../index-file/format/errors.ts'
import { assertWritable, encodeIndex } from '../index-file/format/index-document.ts'
import type { Index } from '../index-file/format/model.ts'
import { readIndex, type StoredIndex } from '../index-file/read-index.ts'
import { topicKeys } from '../layout/keys.ts'
import { holdsSegments } from '../layout/list-topics.ts'
import { contended, foreignCluster, leaseLost, notCreatedAgain } from '../lease/errors.ts'
import { putCertainly } from '../objects/put-certainly.ts'
import { findLaterSegment } from '../recovery/later-segments.ts'
import type { UlidSource } from '../ulid/ulid.ts'
import { assertContinuesCopy } from './lineage.ts'

export interface EpochOptions {
  readonly storage: StorageBackend
  readonly topic: string
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /**
   * The index that is to be copied: what is there must be a copy of it. Absent for a backup, which
   * makes a copy its own.
   */
  readonly copyOf?: Index
  readonly ids: UlidSource
  /** The nonce of the new writer. */
  readonly writer: string
  /**
   * Called before each attempt to write the index, and after it was read.
   *
   * @throws LEASE_LOST when somebody else holds the topic by now
   */
  readonly beforeWrite: () => Promise<void>
}

/** The index with our epoch, and the one before it. */
export interface AcquiredEpoch {
  readonly stored: StoredIndex
  /** undefined for a topic that had no backup. */
  readonly previous: Index | undefined
}

/** A writer that is about to lose the topic may still commit now and then. */
const maxWrites = 16

/**
 * Step 4: the index, or undefined (epoch 0) for a topic without a backup.
 *
 * @throws INDEX_MISSING when segments are there without it; INDEX_OUTDATED when it is older than
 *   they are; INDEX_FOREIGN also for
 * another cluster's topic; DATA_CORRUPT; DATA_VERSION_UNSUPPORTED
 */
export async function openIndex(options: EpochOptions): Promise<StoredIndex | undefined> {
  const { storage, topic } = options
  const stored = await readIndex(storage, topic)
  if (stored === undefined) {
    if (await holdsSegments(storage, topic)) {
      throw indexMissing(topic, 'segments are there, but not the index that names them')
    }
    return undefined
  }
  assertOurs(stored.index, options)
  if (options.copyOf === undefined) await assertKnowsItsSegments(storage, stored)
  return stored
}

/**
 * For a backup. In a copy segments come before the index, and the next copy names what an older
 * index does not.
 */
async function assertKnowsItsSegments(
  storage: StorageBackend,
  { index, version }: StoredIndex,
): Promise<void> {
  const { topic } = index
  if (isUntouched(index) && (await holdsSegments(storage, topic))) {
    throw indexMissing(topic, 'segments are there, and the index is one that nobody ever wrote to')
  }
  const later = await findLaterSegment(storage, index)
  if (later === undefined) return
  // Its writer may have taken the epoch a moment ago: then the index is not this one any more.
  const now = await readIndex(storage, topic)
  if (now?.version === version) throw indexOutdated(index, later)
}

/**
 * Before its first incarnation a backup has no segments. Such an index over segments is a request
 * to begin one that came late, after the index that was made meanwhile had been deleted, or that of
 * a first copy that was cut off.
 */
export function isUntouched({ incarnations }: Index): boolean {
  return incarnations.length === 0
}

/**
 * Step 6: one epoch more, in our name. From now on no writer before us can commit.
 *
 * @throws LEASE_LOST when another writer raised it meanwhile
 */
export async function raiseEpoch(
  opened: StoredIndex | undefined,
  options: EpochOptions,
): Promise<AcquiredEpoch> {
  const { storage, topic, beforeWrite } = options
  const key = topicKeys(topic).index
  // Segments that a copy brings have epochs of their own: who writes after it has a greater one.
  const epoch = Math.max(opened?.index.epoch ?? 0, options.copyOf?.epoch ?? 0) + 1
  let base = opened
  for (let writes = 0; writes < maxWrites; writes++) {
    const index = nextEpoch(base?.index, epoch, options)
    const bytes = encodeIndex(index)
    await beforeWrite()
    const outcome = await putCertainly(storage, key, bytes, {
      condition: conditionOn(base?.version),
    })
    if (outcome.kind === 'written') {
      const stored = { index, version: outcome.info.version, bytes: bytes.length }
      return { stored, previous: base?.index }
    }
    const isNothingThere = outcome.found === undefined && base === undefined
    if (isNothingThere && !storage.capabilities.ifAbsentAfterDelete) {
      throw notCreatedAgain(storage, key)
    }
    base = await openIndex(options)
    if ((base?.index.epoch ?? 0) >= epoch) throw overtaken(topic, epoch)
  }
  throw contended(storage, `the index of topic "${topic}"`)
}

function nextEpoch(base: Index | undefined, epoch: number, options: EpochOptions): Index {
  const { topic, cluster, ids, writer } = options
  const commit = ids.next(base?.commit)
  if (base !== undefined) {
    const { copyOf, ...others } = base
    const origin = options.copyOf === undefined || copyOf === undefined ? {} : { copyOf }
    return { ...others, ...origin, epoch, writer, commit }
  }
  return {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    cluster,
    epoch,
    writer,
    commit,
    retention: {},
    points: [],
    holds: [],
    keys: [],
    garbage: [],
    incarnations: [],
    pages: [],
    segments: [],
    gaps: [],
    ...(options.copyOf === undefined ? {} : { copyOf: { cluster } }),
    extra: {},
  }
}

function conditionOn(version: ObjectVersion | undefined): WriteCondition {
  return version === undefined ? { kind: 'if-absent' } : { kind: 'if-version', version }
}

function assertOurs(index: Index, { topic, cluster, copyOf }: EpochOptions): void {
  assertWritable(index)
  if (index.cluster !== cluster) throw foreignCluster(topic, index.cluster, cluster)
  if (copyOf !== undefined) assertContinuesCopy(index, copyOf)
}

function overtaken(topic: string, epoch: number): Error {
  return leaseLost(topic, `another writer took epoch ${epoch} while this one was acquiring it`)
}
