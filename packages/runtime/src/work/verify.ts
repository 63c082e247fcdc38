import {
  holdingsOf,
  type Index,
  readIndex,
  requireIndex,
  type SegmentEntry,
} from '@kannery/core/index-file'
import { isOfOneTopic } from '@kannery/core/layout'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import { type FailedTopic, failedTopic, type Outcome } from './topics/outcome.ts'
import type { TopicSummary } from './topics/summary.ts'
import { topicsOf } from './topics/topic-indexes.ts'
import {
  type TopicVerification,
  TopicVerifier,
  type VerificationDepth,
  type VerificationFinding,
} from './topics/topic-verifier.ts'

/** What to verify, and how thoroughly. */
export interface VerifyOptions {
  readonly storage: StorageLocation
  /** Name of one topic; undefined for all topics of the storage. */
  readonly topic: string | undefined
  readonly depth: VerificationDepth
  readonly signal: AbortSignal
  /**
   * Called with the sums of what was checked. `total` is the number of records to check, as far as
   * the indexes say.
   */
  readonly onProgress: (progress: {
    readonly records: number
    readonly bytes: number
    readonly total: number
  }) => void
}

/** What a verification of a backup checked and found. */
export interface VerificationReport {
  readonly depth: VerificationDepth
  /** Number of topics. */
  readonly topics: number
  /** Number of segments that were checked. */
  readonly segments: number
  /** Size of the segments that were checked and could be read, bytes. */
  readonly bytes: number
  /** What a restore of all these topics gives, by their indexes. */
  readonly restorable: VerifiedHoldings
  /**
   * Number of segments that the retention marked: a restore leaves them out, and they may be
   * deleted by now.
   */
  readonly expiredSegments: number
  /** Number of segments that the retention deleted: there is nothing to check. */
  readonly deletedSegments: number
  /** Damage, in the order in which it was found; empty for a whole backup. */
  readonly findings: readonly VerificationFinding[]
  /**
   * Keys of segments and pages that no index names and that no running backup is about to name. Not
   * damage: no reader sees them.
   */
  readonly unnamed: readonly string[]
  /** Topics that could not be read. */
  readonly failed: readonly FailedTopic[]
}

/** What a restore gives. */
export interface VerifiedHoldings {
  readonly segments: number
  /** Number of records that a consumer sees. An upper bound unless `recordsExact`. */
  readonly records: number
  readonly recordsExact: boolean
}

/**
 * Checks a backup: that every index and page can be read, that every segment they name is there,
 * and (deep) every byte of it. Damage is reported, not thrown; so is what cannot be read
 * while the storage serves everything else. Only reads; a backup may run meanwhile.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic, and every STORAGE_* error that is
 *   not about one topic or object
 */
export async function verifyBackup(options: VerifyOptions): Promise<Outcome<VerificationReport>> {
  const { topic, depth, onProgress } = options
  await using storage = await openStorage(options.storage)
  const topics = await topicsOf(storage, topic)
  const total = await countRecords(storage, topics)
  const sum = new VerificationSum(depth)
  let error: KanneryError | undefined
  for (const name of topics) {
    const verifier = new TopicVerifier(storage, name, options)
    try {
      const result = await verifier.verify((entry, bytes) => {
        onProgress({ ...sum.add(entry, bytes), total })
      })
      if (result !== 'absent') sum.addTopic(result)
      else if (topic !== undefined) await requireIndex(storage, topic)
    } catch (thrown) {
      if (!KanneryError.is(thrown) || !(await isOfOneTopic(storage, thrown))) throw thrown
      sum.addFailed(failedTopic(name, thrown), verifier.findings)
      error ??= thrown
    }
  }
  return { report: sum.report, error }
}

class VerificationSum {
  readonly #depth: VerificationDepth
  readonly #findings: VerificationFinding[] = []
  readonly #unnamed: string[] = []
  readonly #failed: FailedTopic[] = []
  readonly #summaries: TopicSummary[] = []
  #topics = 0
  #segments = 0
  #records = 0
  #bytes = 0

  constructor(depth: VerificationDepth) {
    this.#depth = depth
  }

  /**
   * Returns what was checked so far: of what has expired the records do not count, as in the total
   * of what is to be done.
   */
  add(
    { state, records }: SegmentEntry,
    bytes: number,
  ): { readonly records: number; readonly bytes: number } {
    this.#segments++
    this.#bytes += bytes
    this.#records += state === undefined ? records : 0
    return { records: this.#records, bytes: this.#bytes }
  }

  addTopic({ findings, unnamed, summary }: TopicVerification): void {
    this.#topics++
    this.#findings.push(...findings)
    this.#unnamed.push(...unnamed)
    if (summary !== undefined) this.#summaries.push(summary)
  }

  addFailed(failed: FailedTopic, findings: readonly VerificationFinding[]): void {
    this.#topics++
    this.#findings.push(...findings)
    this.#failed.push(failed)
  }

  get report(): VerificationReport {
    const sumOf = (count: (summary: TopicSummary) => number): number =>
      this.#summaries.reduce((sum, summary) => sum + count(summary), 0)
    return {
      depth: this.#depth,
      topics: this.#topics,
      segments: this.#segments,
      bytes: this.#bytes,
      restorable: {
        segments: sumOf(({ segments }) => segments),
        records: sumOf(({ records }) => records),
        recordsExact: this.#summaries.every(({ recordsExact }) => recordsExact),
      },
      expiredSegments: sumOf(({ expiredSegments }) => expiredSegments),
      deletedSegments: sumOf(({ deletedSegments }) => deletedSegments),
      findings: this.#findings,
      unnamed: this.#unnamed,
      failed: this.#failed,
    }
  }
}

/** Counts the records of all incarnations, by the indexes that can be read. */
async function countRecords(storage: StorageBackend, topics: readonly string[]): Promise<number> {
  let records = 0
  for (const topic of topics) {
    const index = await readIndexIfWhole(storage, topic)
    for (const { n } of index?.incarnations ?? []) {
      records += index === undefined ? 0 : holdingsOf(index, n).records
    }
  }
  return records
}

/** Returns undefined for an index that cannot be read: its topic's turn reports why. */
async function readIndexIfWhole(
  storage: StorageBackend,
  topic: string,
): Promise<Index | undefined> {
  try {
    return (await readIndex(storage, topic))?.index
  } catch (error) {
    if (await isOfOneTopic(storage, error)) return undefined
    throw error
  }
}
