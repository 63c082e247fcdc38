import { type Index, listTopics, readIndex } from '@kannery/core'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { summarize } from '../browse/summary.ts'
import { openStorage, type StorageLocation } from '../storage/open-storage.ts'
import {
  TopicVerifier,
  type VerificationDepth,
  type VerificationFinding,
} from './topic-verifier.ts'

export interface VerifyOptions {
  readonly storage: StorageLocation
  /** All when undefined. */
  readonly topic: string | undefined
  readonly depth: VerificationDepth
  readonly signal: AbortSignal
  /** Of the segments that were checked; `total` as far as the indexes tell. */
  readonly onProgress: (progress: {
    readonly records: number
    readonly bytes: number
    readonly total: number
  }) => void
}

export interface VerificationReport {
  readonly depth: VerificationDepth
  readonly topics: number
  readonly segments: number
  /** Of the segments that were checked. */
  readonly bytes: number
  readonly findings: readonly VerificationFinding[]
  /** Keys of segments and pages that no index names and that no running backup is about to name. Not damage: nobody sees them. */
  readonly unnamed: readonly string[]
}

/**
 * Checks a backup: that every index and page can be read, that every segment they name is there, and (deep) every byte of it.
 * Damage is found and told, not thrown. Only reads; a backup may run meanwhile.
 *
 * @throws STORAGE_NOT_FOUND when there is no backup of the topic, and every other STORAGE_* error
 */
export async function verifyBackup(options: VerifyOptions): Promise<VerificationReport> {
  const { topic, depth, signal, onProgress } = options
  await using storage = await openStorage(options.storage)
  const topics = topic === undefined ? await topicsOf(storage) : [topic]
  const total = await countRecords(storage, topics)
  const sum = { records: 0, segments: 0, bytes: 0 }
  const findings: VerificationFinding[] = []
  const unnamed: string[] = []
  for (const name of topics) {
    const result = await new TopicVerifier(storage, name, { depth, signal }).verify((entry) => {
      sum.segments++
      sum.records += entry.records
      sum.bytes += entry.bytes
      onProgress({ records: sum.records, bytes: sum.bytes, total })
    })
    if (result === 'absent' && topic !== undefined) throw noBackup(topic)
    if (result === 'absent') continue
    findings.push(...result.findings)
    unnamed.push(...result.unnamed)
  }
  const { segments, bytes } = sum
  return { depth, topics: topics.length, segments, bytes, findings, unnamed }
}

async function topicsOf(storage: StorageBackend): Promise<readonly string[]> {
  const topics: string[] = []
  for await (const topic of listTopics(storage)) topics.push(topic)
  return topics
}

/** What the indexes that can be read say. */
async function countRecords(storage: StorageBackend, topics: readonly string[]): Promise<number> {
  let records = 0
  for (const topic of topics) {
    const index = await readIndexIfWhole(storage, topic)
    if (index !== undefined) records += summarize(index).records
  }
  return records
}

async function readIndexIfWhole(
  storage: StorageBackend,
  topic: string,
): Promise<Index | undefined> {
  try {
    return (await readIndex(storage, topic))?.index
  } catch (error) {
    if (KanneryError.is(error) && /^(DATA|INDEX)_/.test(error.code)) return undefined
    throw error
  }
}

function noBackup(topic: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `the storage holds no backup of topic "${topic}"`, {
    facts: { topic },
  })
}
