import fc from 'fast-check'
import { formatDigest } from '../src/digest/digest.ts'
import type {
  Index,
  JsonObject,
  JsonValue,
  Page,
  PageSummary,
  SegmentEntry,
} from '../src/index-file/format/model.ts'
import type { Ulid } from '../src/ulid/ulid.ts'

const count = fc.nat(Number.MAX_SAFE_INTEGER)
const text = fc.string({ unit: 'binary', maxLength: 20 })
const ulid = fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/).map((id) => id as Ulid)
const time = fc
  .date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())
const digest = fc.nat(0xffffffff).map(formatDigest)
const timestamp = fc.maxSafeInteger()
const recordTimes = fc.option(fc.tuple(fc.option(timestamp), timestamp))
const partition = fc.nat(100_000)

function byPartition<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<number, T>> {
  return fc
    .array(fc.tuple(partition, value), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries))
}

const range = fc
  .tuple(count, count, fc.integer({ min: -1, max: 2 ** 31 - 1 }))
  .map(([a, b, epoch]): [number, number, number] => [Math.min(a, b), Math.max(a, b), epoch])

/**
 * What a later version may add: any JSON whose numbers are exact, under names that this one does
 * not know.
 */
const unknownValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value
const unknown: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.stringMatching(/^x-[a-z]{1,8}$/),
  unknownValue,
  { maxKeys: 2 },
)

function withUnknown<T extends object>(known: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.tuple(known, unknown).map(([fields, extra]) => ({ ...fields, ...extra }))
}

export const arbitrarySegment: fc.Arbitrary<SegmentEntry> = withUnknown(
  fc.record(
    {
      id: ulid,
      in: fc.nat(),
      bytes: count,
      digest,
      records: count,
      visible: fc.option(count),
      offsets: byPartition(range),
      time: recordTimes,
      captured: fc.tuple(time, time),
      maxBatchBytes: count,
      flags: fc.array(text, { maxLength: 2 }),
      expires: fc.option(time),
      state: fc.constantFrom('expired', 'deleted'),
    },
    {
      requiredKeys: [
        'id',
        'in',
        'bytes',
        'digest',
        'records',
        'offsets',
        'time',
        'captured',
        'maxBatchBytes',
        'flags',
        'expires',
      ],
    },
  ) as fc.Arbitrary<SegmentEntry>,
)

const pageSummary: fc.Arbitrary<PageSummary> = withUnknown(
  fc.record({
    id: ulid,
    in: fc.nat(),
    level: fc.integer({ min: 1, max: 9 }),
    bytes: count,
    digest,
    segments: count,
    records: count,
    segmentBytes: count,
    ids: fc.tuple(ulid, ulid),
    time: recordTimes,
    captured: fc.tuple(time, time),
    expires: fc.option(fc.tuple(time, time)),
  }) as fc.Arbitrary<PageSummary>,
)

const baseline = fc.record({
  of: count,
  pending: fc.array(count, { maxLength: 3 }),
  complete: fc.option(time),
})

const texts = fc.dictionary(text, text, { maxKeys: 3 })

const names = fc.array(text, { maxLength: 2 })

export function arbitraryIndex(topic: string): fc.Arbitrary<Index> {
  return fc.record({
    format: fc.constant(1),
    requires: withUnknown(fc.record({ read: fc.constant([]), write: names })),
    topic: fc.constant(topic),
    cluster: text,
    epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    writer: text,
    commit: ulid,
    retention: unknown,
    points: fc.array(unknown, { maxLength: 2 }),
    holds: fc.array(unknown, { maxLength: 2 }),
    keys: fc.array(unknown, { maxLength: 2 }),
    garbage: fc.array(
      withUnknown(fc.record({ id: ulid, kind: fc.constantFrom('segment', 'page'), since: time })),
      { maxLength: 2 },
    ),
    incarnations: fc.array(
      withUnknown(
        fc.record({
          n: fc.nat(),
          topicId: text,
          branch: fc.nat(),
          since: time,
          partitions: fc.nat(1_000_000),
          start: byPartition(count),
          baseline: fc.option(withUnknown(baseline)),
          config: texts,
          effective: texts,
        }),
      ),
      { maxLength: 2 },
    ),
    pages: fc.array(pageSummary, { maxLength: 2 }),
    segments: fc.array(arbitrarySegment, { maxLength: 3 }),
    gaps: fc.array(
      withUnknown(
        fc.record({
          in: fc.nat(),
          partition,
          offsets: fc.tuple(count, count),
          reason: text,
          noticed: time,
        }),
      ),
      { maxLength: 2 },
    ),
    extra: unknown,
  }) as fc.Arbitrary<Index>
}

export function arbitraryPage(topic: string): fc.Arbitrary<Page> {
  return fc.record({
    format: fc.constant(1),
    requires: fc.record({ read: fc.constant([]), write: names }),
    topic: fc.constant(topic),
    page: ulid,
    level: fc.integer({ min: 1, max: 9 }),
    in: fc.nat(),
    epoch: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    writer: text,
    next: byPartition(count),
    leaderEpochs: byPartition(fc.integer({ min: -1 })),
    segments: fc.array(arbitrarySegment, { maxLength: 3 }),
    pages: fc.array(pageSummary, { maxLength: 2 }),
    extra: unknown,
  }) as fc.Arbitrary<Page>
}
