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
import type { LeftoverFooters } from '../recovery/leftover-footers.ts'
import type { UlidSource } from '../ulid/ulid.ts'
import { assertContinuesCopy } from './lineage.ts'

/** Which index is opened, and in whose name. */
export interface EpochOptions {
  readonly storage: StorageBackend
  readonly leftovers: LeftoverFooters
  readonly topic: string
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /**
   * The index to copy: an existing index must be a copy of it. Absent for a backup, which turns a
   * copy into a backup of its own.
   */
  readonly copyOf?: Index | undefined
  readonly ids: UlidSource
  /** Nonce of the new writer. */
  readonly writer: string
  /**
   * Called before each attempt to write the index, after it was read.
   *
   * @throws LEASE_LOST when another worker holds the topic by now
   */
  readonly beforeWrite: () => Promise<void>
}

/** The index with the new epoch, and the one before it. */
export interface AcquiredEpoch {
  readonly stored: StoredIndex
  /** The index before; undefined for a topic without a backup. */
  readonly previous: Index | undefined
}

/** The writer that is about to lose the topic may still commit a few times. */
const maxWrites = 16

/**
 * Step 4: reads the index and checks that it may be written; undefined (epoch 0) for a topic
 * without a backup.
 *
 * @throws INDEX_MISSING when there are segments without an index; INDEX_OUTDATED when the index is
 *   older than the segments; INDEX_FOREIGN, also for a topic of another cluster; DATA_CORRUPT;
 *   DATA_VERSION_UNSUPPORTED
 */
export async function openIndex(options: EpochOptions): Promise<StoredIndex | undefined> {
  const { storage, topic } = options
  const stored = await readIndex(storage, topic)
  if (stored === undefined) {
    if (await holdsSegments(storage, topic)) {
      throw indexMissing(topic, 'there are segments, but not the index that names them')
    }
    return undefined
  }
  assertOurs(stored.index, options)
  if (options.copyOf === undefined) await assertKnowsItsSegments(stored, options)
  return stored
}

/**
 * Checks that the index of a backup is not older than its segments. Not done for a copy: there
 * segments come before the index, and the next copy names them.
 */
async function assertKnowsItsSegments(
  { index, version }: StoredIndex,
  { storage, leftovers }: EpochOptions,
): Promise<void> {
  const { topic } = index
  if (isUntouched(index) && (await holdsSegments(storage, topic))) {
    throw indexMissing(topic, 'there are segments, but their index was never written to')
  }
  const later = await findLaterSegment(storage, index, leftovers)
  if (later === undefined) return
  // The writer of that segment may have raised the epoch a moment ago: then the index has changed.
  const now = await readIndex(storage, topic)
  if (now?.version === version) throw indexOutdated(index, later)
}

/**
 * Whether an index has no incarnation yet. A backup has no segments before its first incarnation.
 * If there are segments all the same, the index was written by a request that arrived late, after
 * an index with these segments had been deleted, or by a first copy that was interrupted.
 */
export function isUntouched({ incarnations }: Index): boolean {
  return incarnations.length === 0
}

/**
 * Step 6: raises the epoch in the name of the new writer. From then on no earlier writer can
 * commit.
 *
 * @throws LEASE_LOST when another writer raised it meanwhile
 */
export async function raiseEpoch(
  opened: StoredIndex | undefined,
  options: EpochOptions,
): Promise<AcquiredEpoch> {
  const { storage, topic, beforeWrite } = options
  const key = topicKeys(topic).index
  // Copied segments have the epochs of their source: a writer after the copy needs a greater one.
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
