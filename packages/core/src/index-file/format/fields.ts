import { type Digest, parseDigest } from '../../digest/digest.ts'
import { asArray, asInteger, asObject, asString } from '../../json/json-values.ts'
import { maxPartitions } from '../../segment/format/format.ts'
import type { RecordTimes } from '../../segment/format/record-times.ts'
import { isUlid, type Ulid } from '../../ulid/ulid.ts'
import {
  type Baseline,
  type CopyOrigin,
  type CoveredRange,
  type Gap,
  type GarbageEntry,
  type Holdings,
  type Incarnation,
  type JsonObject,
  type JsonValue,
  knownFeatures,
  type PageSummary,
  type Requirements,
  type SegmentEntry,
} from './model.ts'

/*
 * Checks of what stands in an index or page. Each returns the very object that it was given, with
 * the keys that it does not know, or throws a TypeError naming the place.
 */

/**
 * Checks a value of parsed JSON and returns it; throws a TypeError with its name when it is wrong.
 */
export type Check<T> = (value: unknown, name: string) => T

export const asEpoch: Check<number> = (value, name) => asInteger(value, name, 1)

/** Checks an integer of at least 0. */
export const asCount: Check<number> = (value, name) => asInteger(value, name)

export const asJsonObject: Check<JsonObject> = (value, name) => asObject(value, name) as JsonObject

export const asUlid: Check<Ulid> = (value, name) => {
  if (isUlid(value)) return value
  throw new TypeError(`${name} is not a ULID`)
}

export const asRequirements: Check<Requirements> = (value, name) =>
  withFields<Requirements>(value, name, { read: listOf(asString), write: listOf(asString) })

/** Returns the features in `requires` that this version does not know. */
export function unknownFeatures(
  requires: Requirements,
  purpose: 'read' | 'write',
): readonly string[] {
  return requires[purpose].filter((feature) => !knownFeatures[purpose].has(feature))
}

/** Checks a map by partition number. */
export const asByPartition = <T>(
  value: unknown,
  name: string,
  check: Check<T>,
): Readonly<Record<number, T>> => {
  const object = asObject(value, name)
  for (const [partition, item] of Object.entries(object)) {
    if (!/^(0|[1-9][0-9]{0,9})$/.test(partition) || Number(partition) >= maxPartitions) {
      throw new TypeError(`${name} has ${JSON.stringify(partition)}, which is no partition`)
    }
    check(item, `${name}.${partition}`)
  }
  return object as Readonly<Record<number, T>>
}

export const asLeaderEpochs: Check<Readonly<Record<number, number>>> = (value, name) =>
  asByPartition(value, name, (epoch, of) => asInteger(epoch, of, -1))

const asPartitions: Check<number> = (value, name) => {
  const partitions = asInteger(value, name)
  if (partitions <= maxPartitions) return partitions
  throw new TypeError(`${name} is ${partitions}; no topic has more than ${maxPartitions}`)
}

export const asIncarnation: Check<Incarnation> = (value, name) =>
  withFields<Incarnation>(value, name, {
    n: asCount,
    topicId: asString,
    branch: asCount,
    since: asTime,
    partitions: asPartitions,
    start: (starts, of) => asByPartition(starts, of, asCount),
    baseline: orNull(asBaseline),
    config: asTexts,
    effective: asTexts,
    replicationFactor: optional(asCount),
  })

const asBaseline: Check<Baseline> = (value, name) =>
  withFields<Baseline>(value, name, {
    of: asCount,
    pending: listOf(asCount),
    complete: orNull(asTime),
  })

export const asSegmentEntry: Check<SegmentEntry> = (value, name) =>
  withFields<SegmentEntry>(value, name, {
    id: asUlid,
    in: asCount,
    bytes: asCount,
    digest: asDigest,
    records: asCount,
    visible: optional(orNull(asCount)),
    offsets: (ranges, of) => asByPartition(ranges, of, asCoveredRange),
    time: orNull(asRecordTimes),
    estimatedLeast: optional(asRecordTime),
    captured: pairOf(asTime),
    maxBatchBytes: asCount,
    flags: listOf(asString),
    expires: orNull(asTime),
    state: asState,
    expiredAt: optional(asTime),
  })

export const asPageSummary: Check<PageSummary> = (value, name) =>
  withFields<PageSummary>(value, name, {
    id: asUlid,
    in: asCount,
    level: asLevel,
    bytes: asCount,
    digest: asDigest,
    segments: asCount,
    records: asCount,
    segmentBytes: asCount,
    restorable: optional(asHoldings),
    ids: pairOf(asUlid),
    pages: optional(pairOf(asUlid)),
    time: orNull(asRecordTimes),
    estimatedLeast: optional(asRecordTime),
    captured: pairOf(asTime),
    expires: orNull(pairOf(asTime)),
  })

const asHoldings: Check<Holdings> = (value, name) =>
  withFields<Holdings>(value, name, {
    segments: asCount,
    bytes: asCount,
    records: asCount,
    visible: asCount,
    exact: asBoolean,
    expired: asCount,
  })

export const asLevel: Check<number> = (value, name) => asInteger(value, name, 1)

export const asGap: Check<Gap> = (value, name) =>
  withFields<Gap>(value, name, {
    in: asCount,
    partition: asCount,
    offsets: pairOf(asCount),
    reason: asString,
    noticed: asTime,
  })

export const asCopyOrigin: Check<CopyOrigin> = (value, name) =>
  withFields<CopyOrigin>(value, name, {
    cluster: asString,
    commit: optional(asUlid),
    edited: optional(asUlid),
    at: optional(asTime),
  })

export const asGarbageEntry: Check<GarbageEntry> = (value, name) =>
  withFields<GarbageEntry>(value, name, { id: asUlid, kind: asKind, since: asTime })

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, name) => (value === undefined ? undefined : check(value, name))
}

export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, name) =>
    asArray(value, name).map((item, index) => check(item, `${name}[${index}]`))
}

/** Refuses integers that a double cannot hold, because writing them again would change them. */
export function assertExactNumbers(value: JsonValue, name: string): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw new TypeError(`${name} has the number ${value}, which is beyond 2^53`)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) assertExactNumbers(item, name)
  }
}

/** Every field that a type has, each with its check. */
function withFields<T extends object>(
  value: unknown,
  name: string,
  checks: { readonly [Key in keyof Required<T>]: Check<unknown> },
): T {
  const object = asObject(value, name)
  for (const [key, check] of Object.entries<Check<unknown>>(checks)) {
    check(object[key], `${name}.${key}`)
  }
  return value as T
}

function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, name) => (value === null ? null : check(value, name))
}

function pairOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, name) => {
    const pair = listOf(check)(value, name)
    if (pair.length !== 2) throw new TypeError(`${name} is not a pair`)
    return pair
  }
}

function asCoveredRange(value: unknown, name: string): CoveredRange {
  const [from, next, leaderEpoch, ...more] = asArray(value, name)
  asInteger(next, `the end of ${name}`, asInteger(from, `the start of ${name}`))
  asInteger(leaderEpoch, `the leader epoch of ${name}`, -1)
  if (more.length > 0) throw new TypeError(`${name} has more than three numbers`)
  return value as CoveredRange
}

function asRecordTimes(value: unknown, name: string): RecordTimes {
  const [least, greatest, ...more] = asArray(value, name)
  if (least !== null) asRecordTime(least, `the least ${name}`)
  asRecordTime(greatest, `the greatest ${name}`)
  if (more.length > 0) throw new TypeError(`${name} has more than two numbers`)
  return value as RecordTimes
}

function asRecordTime(value: unknown, name: string): number {
  return asInteger(value, name, Number.MIN_SAFE_INTEGER)
}

function asTime(value: unknown, name: string): string {
  const text = asString(value, name)
  if (Number.isNaN(Date.parse(text))) throw new TypeError(`${name} is not a time`)
  return text
}

function asDigest(value: unknown, name: string): Digest {
  if (parseDigest(asString(value, name)) === undefined) throw new TypeError(`${name} is no digest`)
  return value as Digest
}

function asTexts(value: unknown, name: string): Readonly<Record<string, string>> {
  for (const [key, text] of Object.entries(asObject(value, name))) asString(text, `${name}.${key}`)
  return value as Readonly<Record<string, string>>
}

function asBoolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} is not true or false`)
}

function asKind(value: unknown, name: string): GarbageEntry['kind'] {
  if (value === 'segment' || value === 'page') return value
  throw new TypeError(`${name} is not "segment" or "page"`)
}

function asState(value: unknown, name: string): SegmentEntry['state'] {
  if (value === undefined || value === 'expired' || value === 'deleted') return value
  throw new TypeError(`${name} is not "expired" or "deleted"`)
}
