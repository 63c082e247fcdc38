import { asString } from '../../json/json-values.ts'
import { topicKeys } from '../../layout/keys.ts'
import type { Ulid } from '../../ulid/ulid.ts'
import { encodeDocument, readDocument } from './document.ts'
import {
  corruptDocument,
  type DocumentPlace,
  foreignDocument,
  unsupportedDocument,
} from './errors.ts'
import {
  asByPartition,
  asCopyOrigin,
  asCount,
  asEpoch,
  asGap,
  asGarbageEntry,
  asIncarnation,
  asJsonObject,
  asLeaderEpochs,
  asLevel,
  asPageSummary,
  asRequirements,
  asSegmentEntry,
  assertExactNumbers,
  asUlid,
  type Check,
  listOf,
  optional,
  unknownFeatures,
} from './fields.ts'
import type { Index, JsonObject, JsonValue, Page, Requirements } from './model.ts'

/**
 * Returns the bytes of an index, with its checksum at the end: see `docs/format/index.md`.
 *
 * @throws INTERNAL for an index of more than 16 MiB, which no reader accepts
 */
export function encodeIndex(index: Index): Uint8Array {
  const { extra, ...known } = index
  return encodeDocument('index', inOrder(indexKeys, known, extra))
}

/**
 * Parses the bytes of a topic's index, and checks its checksum and every field that it knows.
 *
 * @throws INDEX_FOREIGN for a document that Kannery did not write, or of another topic;
 *   DATA_CORRUPT; DATA_VERSION_UNSUPPORTED for another format or for features that a reader must
 *   know
 */
export function parseIndex(bytes: Uint8Array, topic: string): Index {
  const place: DocumentPlace = { kind: 'index', key: topicKeys(topic).index, topic }
  return checked(bytes, place, (take, requires) => {
    const edited = take('edited', optional(asUlid))
    const committed = take('committed', optional(asEpoch))
    const copyOf = take('copyOf', optional(asCopyOrigin))
    return {
      format: 1,
      requires,
      topic,
      cluster: take('cluster', asString),
      epoch: take('epoch', asEpoch),
      writer: take('writer', asString),
      commit: take('commit', asUlid),
      ...(edited === undefined ? {} : { edited }),
      ...(committed === undefined ? {} : { committed }),
      retention: take('retention', asJsonObject),
      points: take('points', listOf(asJsonObject)),
      holds: take('holds', listOf(asJsonObject)),
      keys: take('keys', listOf(asJsonObject)),
      garbage: take('garbage', listOf(asGarbageEntry)),
      incarnations: take('incarnations', listOf(asIncarnation)),
      pages: take('pages', listOf(asPageSummary)),
      segments: take('segments', listOf(asSegmentEntry)),
      gaps: take('gaps', listOf(asGap)),
      ...(copyOf === undefined ? {} : { copyOf }),
    }
  })
}

/**
 * Returns the bytes of a page, with its checksum at the end: see `docs/format/index.md`.
 *
 * @throws INTERNAL for a page of more than 16 MiB, which no reader accepts
 */
export function encodePage(page: Page): Uint8Array {
  const { extra, ...known } = page
  return encodeDocument('page', inOrder(pageKeys, known, extra))
}

/**
 * Parses the bytes of a page, and checks its checksum and every field that it knows.
 *
 * @throws as {@link parseIndex}
 */
export function parsePage(bytes: Uint8Array, topic: string, id: Ulid): Page {
  const place: DocumentPlace = { kind: 'page', key: topicKeys(topic).page(id), topic }
  return checked(bytes, place, (take, requires) => {
    const leaderEpochs = take('leaderEpochs', optional(asLeaderEpochs))
    return {
      format: 1,
      requires,
      topic,
      page: take('page', asUlid),
      level: take('level', asLevel),
      in: take('in', asCount),
      epoch: take('epoch', asEpoch),
      writer: take('writer', asString),
      next: take('next', (value, name) => asByPartition(value, name, asCount)),
      ...(leaderEpochs === undefined ? {} : { leaderEpochs }),
      segments: take('segments', listOf(asSegmentEntry)),
      pages: take('pages', listOf(asPageSummary)),
    }
  })
}

/**
 * Checks that this version may write an index.
 *
 * @throws DATA_VERSION_UNSUPPORTED when the index requires features of its writers that this
 *   version does not know
 */
export function assertWritable(index: Index): void {
  const unknown = unknownFeatures(index.requires, 'write')
  if (unknown.length === 0) return
  const { topic } = index
  const place: DocumentPlace = { kind: 'index', key: topicKeys(topic).index, topic }
  throw unsupportedDocument(place, `its writers must know: ${unknown.join(', ')}`)
}

const indexKeys = [
  'format',
  'requires',
  'topic',
  'cluster',
  'epoch',
  'writer',
  'commit',
  'edited',
  'committed',
  'retention',
  'points',
  'holds',
  'keys',
  'garbage',
  'incarnations',
  'pages',
  'segments',
  'gaps',
  'copyOf',
] as const satisfies readonly (keyof Index)[]

const pageKeys = [
  'format',
  'requires',
  'topic',
  'page',
  'level',
  'in',
  'epoch',
  'writer',
  'next',
  'leaderEpochs',
  'segments',
  'pages',
] as const satisfies readonly (keyof Page)[]

type Take = <T>(key: string, check: Check<T>) => T

function checked<T extends object>(
  bytes: Uint8Array,
  place: DocumentPlace,
  read: (take: Take, requires: Requirements) => T,
): T & { readonly extra: JsonObject } {
  const fields = readDocument(bytes, place)
  const take: Take = (key, check) => {
    const value = fields.get(key)
    fields.delete(key)
    return check(value, key)
  }
  try {
    for (const [key, value] of fields) assertExactNumbers(value, key)
    take('format', asCount)
    const requires = take('requires', asRequirements)
    const unknown = unknownFeatures(requires, 'read')
    if (unknown.length > 0) {
      throw unsupportedDocument(place, `its readers must know: ${unknown.join(', ')}`)
    }
    assertTopic(take('topic', asString), place)
    const document = read(take, requires)
    return { ...document, extra: Object.fromEntries(fields) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const damage = { from: 0, to: bytes.length, why: error.message }
    throw corruptDocument(place, damage, error)
  }
}

function assertTopic(found: string, place: DocumentPlace): void {
  if (found === place.topic) return
  throw foreignDocument(
    place,
    `it is that of topic "${found}"; where names differ only in case or in a dot at the end, some storages take them for one`,
  )
}

function* inOrder<T extends object>(
  keys: readonly (keyof T & string)[],
  known: T,
  extra: JsonObject,
): Generator<readonly [string, JsonValue]> {
  for (const key of keys) {
    // The interfaces of the model are JSON: only values of these kinds stand in them.
    if (known[key] !== undefined) yield [key, known[key] as JsonValue]
  }
  yield* Object.entries(extra)
}
