import type { Digest } from '../../digest/digest.ts'
import { maxWholeObjectBytes } from '../../objects/put-certainly.ts'
import type { KnownTimes } from '../../segment/format/record-times.ts'
import type { Ulid } from '../../ulid/ulid.ts'

/** A JSON value. Integers in it are exact. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Names the features that a program must know to read a document, or to write it again. */
export interface Requirements {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

/**
 * The index of a topic's backup, which is the only mutable object of a backup. A segment that no
 * index names does not exist for a restore. `docs/format/index.md` describes the stored form.
 *
 * Objects in it may have keys that this version does not know. Code that changes an object copies
 * it with these keys (`{ ...entry }`).
 */
export interface Index {
  readonly format: 1
  readonly requires: Requirements
  readonly topic: string
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /**
   * Raised by every writer that acquires the topic: a writer with a smaller epoch cannot commit.
   */
  readonly epoch: number
  /** Nonce of the writer that has the epoch. */
  readonly writer: string
  /**
   * Id of the writer's last change, greater than the id before. Edits beside a running writer keep
   * it.
   */
  readonly commit: Ulid
  /**
   * Id of the last edit beside a running writer, which keeps epoch, writer and commit; absent
   * before the first edit.
   */
  readonly edited?: Ulid
  /**
   * Epoch of the last writer that committed or recovered anything, whereas `epoch` may be that of a
   * writer that died before its first commit; absent before the first commit.
   */
  readonly committed?: number
  /** How long segments are kept: `{"after":"30d"}`; `{}` without limit. */
  readonly retention: JsonObject
  /** Points as they are stored: `readPoints` of `@kannery/core/retention` reads them. */
  readonly points: readonly JsonObject[]
  /** Holds as they are stored: `readHolds` of `@kannery/core/retention` reads them. */
  readonly holds: readonly JsonObject[]
  /** Reserved for wrapped encryption keys. This version writes none. */
  readonly keys: readonly JsonObject[]
  /** Objects that are to be deleted when their grace period has ended. */
  readonly garbage: readonly GarbageEntry[]
  /**
   * Incarnations in the order of their numbers, which count from 0. The last one is the topic as it
   * is now.
   */
  readonly incarnations: readonly Incarnation[]
  /** Pages with the entries that are older than `segments`, oldest first. */
  readonly pages: readonly PageSummary[]
  /**
   * The tail: the newest segments, in the order in which they were committed. For each partition of
   * an incarnation the offsets grow along pages and tail.
   */
  readonly segments: readonly SegmentEntry[]
  /** Gaps of all incarnations. They are kept permanently. */
  readonly gaps: readonly Gap[]
  /** Present only in a copy of another storage's backup, which only copying changes. */
  readonly copyOf?: CopyOrigin
  /** Keys that this version does not know. They are kept. */
  readonly extra: JsonObject
}

/** Identifies the backup that a copy was made from, and the state that was copied. */
export interface CopyOrigin {
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /** `commit` of the index that was copied; absent where nothing was copied yet. */
  readonly commit?: Ulid
  /** `edited` of the index that was copied; absent when that index had none. */
  readonly edited?: Ulid
  /** When it was copied: ISO 8601, by the clock of the storage that holds the copy. */
  readonly at?: string
}

/** An object that no index will name again, and that may be deleted after a grace period. */
export interface GarbageEntry {
  readonly id: Ulid
  readonly kind: 'segment' | 'page'
  /** When the grace period began: ISO 8601, by the storage's clock. */
  readonly since: string
}

/**
 * One incarnation of a topic, from its creation to its deletion. `branch` counts the histories of
 * one topic id: a truncation after an unclean election begins another one.
 */
export interface Incarnation {
  /** Number of the incarnation, counted from 0 within the topic's backup. */
  readonly n: number
  /** Kafka's id of the topic: a topic that was deleted and created again has another one. */
  readonly topicId: string
  /** Number of the history of this topic id, counted from 0. */
  readonly branch: number
  /** When the incarnation began: ISO 8601, by the storage's clock. */
  readonly since: string
  /** Number of partitions, including empty ones. */
  readonly partitions: number
  /** By partition: the first offset that was seen. A partition that is missing here began at 0. */
  readonly start: Readonly<Record<number, number>>
  /** Not null for an incarnation that was read again from the start of the same topic. */
  readonly baseline: Baseline | null
  /** The configuration that was set on the topic. */
  readonly config: Readonly<Record<string, string>>
  /** The effective configuration of the topic, defaults included. */
  readonly effective: Readonly<Record<string, string>>
  /**
   * Replication factor of the first partition when the incarnation began; absent where it is not
   * known.
   */
  readonly replicationFactor?: number
}

/**
 * Marks an incarnation as a baseline: a compacted topic that was read again from its start. Until
 * the baseline is complete, a restore takes the incarnation before it. From then on the older
 * incarnations may expire, because the baseline has the last record of every key.
 */
export interface Baseline {
  /** Number of the incarnation that the baseline replaces. */
  readonly of: number
  /**
   * Partitions that have not caught up yet. When empty without the baseline being complete, that is
   * not known, and the baseline never becomes complete.
   */
  readonly pending: readonly number[]
  /** When the baseline became complete: ISO 8601, by the storage's clock; null: not yet. */
  readonly complete: string | null
}

/**
 * Covered offsets of a partition: from (inclusive), to (exclusive), leader epoch of the last batch
 * (−1: unknown). Covered means stored or explained.
 */
export type CoveredRange = readonly [from: number, next: number, leaderEpoch: number]

/**
 * A segment that the index names. A reader that selects by time never leaves out a segment because
 * its least time is unknown.
 */
export interface SegmentEntry extends KnownTimes {
  readonly id: Ulid
  /** Number of the segment's incarnation. */
  readonly in: number
  /** Size of the object, bytes. */
  readonly bytes: number
  /** CRC-32C of the whole object. */
  readonly digest: Digest
  /**
   * Number of records in the whole segment, including those of aborted transactions, without
   * control records.
   */
  readonly records: number
  /**
   * How many of `records` a consumer sees; null: not known. When absent, it is not known if `flags`
   * has `transactional`, and otherwise equals `records`.
   */
  readonly visible?: number | null
  /** Covered offsets by partition. May be narrower than what the segment holds: readers trim. */
  readonly offsets: Readonly<Record<number, CoveredRange>>
  /** Time of the first and the last fetch: ISO 8601, by the writer's clock. */
  readonly captured: readonly [first: string, last: string]
  /** Size of the largest batch, bytes: what `max.message.bytes` of a target must allow. */
  readonly maxBatchBytes: number
  /** Names of flags that chunks of the segment have: `holes`, `logAppendTime`, `transactional`. */
  readonly flags: readonly string[]
  /** When the segment expires: ISO 8601, by the storage's clock; null: never. */
  readonly expires: string | null
  /**
   * `expired`: marked for deletion, and not restored. `deleted`: deleted, or about to be; the entry
   * stays, so that what it covers stays explained. Absent for a segment that can be restored.
   */
  readonly state?: 'expired' | 'deleted'
  /**
   * When it was marked as expired, which begins the grace period: ISO 8601, by the storage's clock.
   */
  readonly expiredAt?: string
}

/** Offsets that the source no longer had when they were to be fetched. */
export interface Gap {
  /** Number of the gap's incarnation. */
  readonly in: number
  readonly partition: number
  /** From (inclusive), to (exclusive). */
  readonly offsets: readonly [from: number, next: number]
  /** `retention`, `compaction`, `unknown` after a rebuild, or another word that readers show. */
  readonly reason: string
  /** When the gap was noticed: ISO 8601, by the writer's clock. */
  readonly noticed: string
}

/** Sums up what a restore reads of some segments: of those that are neither expired nor deleted. */
export interface Holdings {
  readonly segments: number
  /** Size of the segments as stored, bytes. */
  readonly bytes: number
  /** Number of records, including those of aborted transactions, without control records. */
  readonly records: number
  /** Number of records that a consumer sees: an upper bound unless `exact`. */
  readonly visible: number
  /** Whether `visible` is the exact number. */
  readonly exact: boolean
  /** Number of segments, not counted above, that are marked as expired and not deleted yet. */
  readonly expired: number
}

/**
 * Describes a page in the index, or in a page of pages, so that a page is read only if it is
 * needed. All entries of a page are of one incarnation.
 */
export interface PageSummary extends KnownTimes {
  readonly id: Ulid
  /** Number of the page's incarnation. */
  readonly in: number
  /** 1: a page of segments. Above: a page of summaries, all of them one level below. */
  readonly level: number
  /** Size of the page itself, bytes. */
  readonly bytes: number
  /** CRC-32C of the page itself. */
  readonly digest: Digest
  /** Number of segments below the page, on all levels and in any state. */
  readonly segments: number
  /** Number of records in these segments. */
  readonly records: number
  /** Size of these segments together, bytes. */
  readonly segmentBytes: number
  /** What a restore reads of the page; absent in summaries of earlier versions. */
  readonly restorable?: Holdings
  /** Least and greatest id of its segments. */
  readonly ids: readonly [least: Ulid, greatest: Ulid]
  /** Above level 1: least and greatest id of the pages below it, at any depth. */
  readonly pages?: readonly [least: Ulid, greatest: Ulid]
  /** Time of the first and the last fetch: ISO 8601, by the writers' clocks. */
  readonly captured: readonly [first: string, last: string]
  /**
   * Least and greatest expiry of the segments that expire and are not deleted; null when there are
   * none.
   */
  readonly expires: readonly [least: string, greatest: string] | null
}

/** A page: an immutable part of an index, which holds older entries. */
export interface Page {
  readonly format: 1
  readonly requires: Requirements
  readonly topic: string
  /** Id of the page, which is also the name of its object, without `.page`. */
  readonly page: Ulid
  /** 1: a page of segments. Above: a page of summaries, all of them one level below. */
  readonly level: number
  /** Number of the incarnation of all entries. */
  readonly in: number
  /** Epoch of the writer that wrote the page. */
  readonly epoch: number
  /** Nonce of the writer that wrote the page. */
  readonly writer: string
  /** By partition: the next offset of this incarnation after this page and all pages before it. */
  readonly next: Readonly<Record<number, number>>
  /**
   * By partition: the leader epoch of the last batch before `next`, −1 where it is not known.
   * Absent in pages of versions that did not write it.
   */
  readonly leaderEpochs?: Readonly<Record<number, number>>
  /** Entries of a page of level 1; empty above. */
  readonly segments: readonly SegmentEntry[]
  /** Entries of a page above level 1; empty on level 1. */
  readonly pages: readonly PageSummary[]
  readonly extra: JsonObject
}

/** Features of an index or page that this version knows. Format 1 began without any. */
export const knownFeatures: {
  readonly read: ReadonlySet<string>
  readonly write: ReadonlySet<string>
} = { read: new Set(), write: new Set() }

/** The most bytes of an index or page. A larger one is damaged, or not written by Kannery. */
export const maxIndexBytes: number = maxWholeObjectBytes
