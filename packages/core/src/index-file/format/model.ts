import type { Digest } from '../../digest/digest.ts'
import { maxWholeObjectBytes } from '../../objects/put-certainly.ts'
import type { KnownTimes } from '../../segment/format/record-times.ts'
import type { Ulid } from '../../ulid/ulid.ts'

/** Plain data, as JSON has it. Its integers are exact. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Features without which the index cannot be read, or not be written again. */
export interface Requirements {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

/**
 * What a topic's backup holds: the one mutable truth. A segment that no index names does not exist
 * for a restore.
 *
 * Objects in it may have keys that this version does not know; whoever changes one copies it with
 * them (`{ ...entry }`).
 */
export interface Index {
  readonly format: 1
  readonly requires: Requirements
  readonly topic: string
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /** Grows with every writer that acquires the topic: who has a smaller one cannot commit. */
  readonly epoch: number
  /** The nonce of the writer that has the epoch. */
  readonly writer: string
  /**
   * The writer's last change: another one each time, greater than the one before. Edits beside a
   * running writer keep it.
   */
  readonly commit: Ulid
  /**
   * The last edit that was made beside a running writer, which keeps epoch, writer and commit;
   * absent before the first one.
   */
  readonly edited?: Ulid
  /**
   * The epoch of the last writer that committed or recovered anything, where `epoch` may be of one
   * that died before; absent in an index that nobody committed to yet.
   */
  readonly committed?: number
  readonly retention: JsonObject
  readonly points: readonly JsonObject[]
  readonly holds: readonly JsonObject[]
  readonly keys: readonly JsonObject[]
  readonly garbage: readonly GarbageEntry[]
  /** In the order of their numbers, which count from 0. The last one is the topic as it is now. */
  readonly incarnations: readonly Incarnation[]
  /** Older than `segments`, oldest first. */
  readonly pages: readonly PageSummary[]
  /**
   * The tail: the newest segments, in the order in which they were committed. For each partition of
   * an incarnation the offsets grow along pages and tail.
   */
  readonly segments: readonly SegmentEntry[]
  readonly gaps: readonly Gap[]
  /**
   * There in a copy of another storage's backup, and only there: nobody but who copies changes it.
   */
  readonly copyOf?: CopyOrigin
  /** Keys that came after this version. They are kept. */
  readonly extra: JsonObject
}

/** Which state of which backup a copy is. */
export interface CopyOrigin {
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /** Of the index that was copied; absent where nothing was copied yet. */
  readonly commit?: Ulid
  readonly edited?: Ulid
  /** When that was copied, by the clock of the storage that holds the copy: ISO 8601. */
  readonly at?: string
}

/** An object that no index will name again: its deletion may follow after a grace. */
export interface GarbageEntry {
  readonly id: Ulid
  readonly kind: 'segment' | 'page'
  /** ISO 8601, by the storage's clock. */
  readonly since: string
}

/**
 * One life of a topic. `branch` counts the histories of one topic id: a truncation after an unclean
 * election begins a new one.
 */
export interface Incarnation {
  readonly n: number
  /** Kafka's id of the topic: a topic that was deleted and created again has another one. */
  readonly topicId: string
  readonly branch: number
  /** ISO 8601, by the storage's clock. */
  readonly since: string
  readonly partitions: number
  /**
   * By partition: the offset where it was first seen. A partition that is not in here began at 0.
   */
  readonly start: Readonly<Record<number, number>>
  /** Not null for one that was read anew from the start of the same topic. */
  readonly baseline: Baseline | null
  /** What was set on the topic. */
  readonly config: Readonly<Record<string, string>>
  /** What held for it, defaults included. */
  readonly effective: Readonly<Record<string, string>>
  /** Of its first partition when it began; absent where that is not known. */
  readonly replicationFactor?: number
}

/**
 * Says that an incarnation is all of the topic again, as compaction left it, and goes on from
 * there. Until it is complete, a restore takes the incarnation before it. From then on the older
 * ones may age out: it has the last record of every key.
 */
export interface Baseline {
  /** The number of the incarnation that it is to stand for. */
  readonly of: number
  /**
   * Partitions whose end it has not reached yet. Empty without being complete: nobody knows, and it
   * never will be.
   */
  readonly pending: readonly number[]
  /** Since when it is: ISO 8601, by the storage's clock. */
  readonly complete: string | null
}

/**
 * From (inclusive), to (exclusive), last leader epoch (-1: unknown). Covered means stored or
 * explained.
 */
export type CoveredRange = readonly [from: number, next: number, leaderEpoch: number]

/**
 * A segment that counts. Its times: a segment is never left out because of a least time that is
 * unknown.
 */
export interface SegmentEntry extends KnownTimes {
  readonly id: Ulid
  /** The number of its incarnation. */
  readonly in: number
  readonly bytes: number
  /** Of the whole object. */
  readonly digest: Digest
  /** As stored: those of aborted transactions are among them, control records are not. */
  readonly records: number
  /**
   * Those of `records` that a consumer sees; null: not known. Absent: not known where `flags` has
   * `transactional`, else all of them.
   */
  readonly visible?: number | null
  /** By partition. May be narrower than what the segment holds: readers trim. */
  readonly offsets: Readonly<Record<number, CoveredRange>>
  /** When it was fetched, first and last: ISO 8601, by the writer's clock. */
  readonly captured: readonly [first: string, last: string]
  readonly maxBatchBytes: number
  readonly flags: readonly string[]
  /** ISO 8601, by the storage's clock; null: never. */
  readonly expires: string | null
  readonly state?: 'expired' | 'deleted'
  /**
   * When it was marked as expired, from when its grace counts: ISO 8601, by the storage's clock.
   */
  readonly expiredAt?: string
}

/** Offsets that the source did not have any more when they were to be fetched. */
export interface Gap {
  readonly in: number
  readonly partition: number
  /** From (inclusive), to (exclusive). */
  readonly offsets: readonly [from: number, next: number]
  readonly reason: string
  /** ISO 8601, by the writer's clock. */
  readonly noticed: string
}

/** What a restore reads of some segments: of those that neither are expired nor were deleted. */
export interface Holdings {
  readonly segments: number
  /** Of the segments, as stored. */
  readonly bytes: number
  /** As stored: those of aborted transactions are among them, control records are not. */
  readonly records: number
  /** Those that a consumer sees. An upper bound unless `exact`. */
  readonly visible: number
  readonly exact: boolean
  /** Segments, besides, that are marked as expired and not deleted yet. */
  readonly expired: number
}

/** What an index, or a page of pages, tells of a page. All its entries are of one incarnation. */
export interface PageSummary extends KnownTimes {
  readonly id: Ulid
  readonly in: number
  /** 1: a page of segments. Above: a page of summaries, all of them one level below. */
  readonly level: number
  /** Of the page itself. */
  readonly bytes: number
  readonly digest: Digest
  readonly segments: number
  readonly records: number
  /** Of all its segments together. */
  readonly segmentBytes: number
  /** Absent in summaries that earlier versions wrote. */
  readonly restorable?: Holdings
  /** Least and greatest id of its segments. */
  readonly ids: readonly [least: Ulid, greatest: Ulid]
  /** Above level 1: least and greatest id of the pages behind it, however deep they lie. */
  readonly pages?: readonly [least: Ulid, greatest: Ulid]
  readonly captured: readonly [first: string, last: string]
  /**
   * Least and greatest, of the segments that expire and are not deleted; null when there are none.
   */
  readonly expires: readonly [least: string, greatest: string] | null
}

/** An immutable part of an index, out of the way of commits. */
export interface Page {
  readonly format: 1
  readonly requires: Requirements
  readonly topic: string
  readonly page: Ulid
  readonly level: number
  readonly in: number
  /** Of the writer that wrote it. */
  readonly epoch: number
  readonly writer: string
  /** By partition: the next offset of this incarnation after this page and all pages before it. */
  readonly next: Readonly<Record<number, number>>
  /**
   * By partition: the leader epoch of the last batch before `next`, −1 where it is not known.
   * Absent in pages of versions that did not write it.
   */
  readonly leaderEpochs?: Readonly<Record<number, number>>
  /** Level 1; empty above. */
  readonly segments: readonly SegmentEntry[]
  /** Above level 1; empty on it. */
  readonly pages: readonly PageSummary[]
  readonly extra: JsonObject
}

/** Features of an index or page that this version knows. Format 1 began without any. */
export const knownFeatures: {
  readonly read: ReadonlySet<string>
  readonly write: ReadonlySet<string>
} = { read: new Set(), write: new Set() }

/** No index or page is larger: a larger one is not ours, or damaged. */
export const maxIndexBytes: number = maxWholeObjectBytes
