import { crc32c } from '../../digest/crc32c.ts'
import { parseBoundedJson } from '../../json/bounded-json.ts'
import { asArray, asInteger, asObject, asString } from '../../json/json-values.ts'
import { isUlid, type Ulid } from '../../ulid/ulid.ts'
import { corrupt, unsupported } from './damage.ts'
import { knownFeatures, magic, maxHeaderBytes } from './format.ts'

/**
 * Identifies what a segment belongs to, without any other object. It is at the start of the segment
 * and again in the footer: see `docs/format/segment.md`.
 */
export interface SegmentHeader {
  readonly format: 1
  /** Features without which the segment cannot be read, or not be written again. */
  readonly requires: { readonly read: readonly string[]; readonly write: readonly string[] }
  readonly topic: string
  /** Kafka's id of the topic: a topic that was deleted and created again has another one. */
  readonly topicId: string
  /** Kafka's id of the cluster. */
  readonly cluster: string
  /** Number of the incarnation, as the index counts them. */
  readonly incarnation: number
  /** The incarnation that this one is to replace as a baseline; absent if it is no baseline. */
  readonly baselineOf?: number
  /** Id of the segment, which is also the name of its object, without `.kan`. */
  readonly segment: Ulid
  /** The writer's epoch in the index when it wrote this. */
  readonly epoch: number
  /** ISO 8601, by the writer's clock. For people: nothing is decided by it. */
  readonly createdAt: string
  /** The writer, for people. */
  readonly writer: string
}

const limits = { depth: 8, containers: 256, commas: 4096 }
const prefixBytes = magic.length + 4
/** The number of bytes from which the length of the whole header is known. */
export const headerProbeBytes: number = prefixBytes

/** Encodes a header: magic bytes, length, JSON, and a checksum over both. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify(canonicalHeader(header)))
  if (json.length > maxHeaderBytes) throw new RangeError(`a header of ${json.length} bytes`)
  const bytes = Buffer.alloc(prefixBytes + json.length + 4)
  bytes.set(magic)
  bytes.writeUInt32BE(json.length, magic.length)
  bytes.set(json, prefixBytes)
  bytes.writeUInt32BE(crc32c(bytes.subarray(magic.length, -4)), bytes.length - 4)
  return bytes
}

/** Returns the header with its keys in a fixed order, so that equal headers have equal bytes. */
export function canonicalHeader(header: SegmentHeader): SegmentHeader {
  const { format, requires, topic, topicId, cluster, incarnation, baselineOf } = header
  const { segment, epoch, createdAt, writer } = header
  const { read, write } = requires
  return {
    format,
    requires: { read, write },
    topic,
    topicId,
    cluster,
    incarnation,
    ...(baselineOf === undefined ? {} : { baselineOf }),
    segment,
    epoch,
    createdAt,
    writer,
  }
}

/**
 * Returns the length of the header, with magic bytes and checksum, from its first bytes.
 *
 * @throws DATA_CORRUPT
 */
export function segmentHeaderBytes(start: Uint8Array, key: string): number {
  if (!startsWithMagic(start)) {
    const to = Math.min(start.length, magic.length)
    throw corrupt({ key, from: 0, to, reason: 'it does not start as a segment does' })
  }
  const length = start.length < prefixBytes ? -1 : Buffer.from(start).readUInt32BE(magic.length)
  if (length < 2 || length > maxHeaderBytes) {
    const to = Math.min(start.length, prefixBytes)
    throw corrupt({ key, from: magic.length, to, reason: 'the header cannot have that length' })
  }
  return prefixBytes + length + 4
}

function startsWithMagic(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/**
 * Decodes a header; `bytes` is exactly what {@link encodeSegmentHeader} wrote.
 *
 * @throws DATA_CORRUPT; DATA_VERSION_UNSUPPORTED for another format or unknown requirements
 */
export function decodeSegmentHeader(bytes: Uint8Array, key: string): SegmentHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const damaged = (reason: string): Error =>
    corrupt({ key, from: magic.length, to: bytes.length, reason })
  if (crc32c(view.subarray(magic.length, -4)) !== view.readUInt32BE(view.length - 4)) {
    throw damaged('the checksum of the header is wrong')
  }
  try {
    return parseSegmentHeader(parseBoundedJson(view.subarray(prefixBytes, -4), limits), key)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw damaged(error.message)
    throw error
  }
}

/**
 * Checks the parsed JSON of a header.
 *
 * @throws TypeError for an impossible header; DATA_VERSION_UNSUPPORTED
 */
export function parseSegmentHeader(value: unknown, key: string): SegmentHeader {
  const { format, requires, topic, topicId, cluster, incarnation, segment, epoch, ...rest } =
    asObject(value, 'the header')
  const { baselineOf, createdAt, writer } = rest
  if (asInteger(format, 'format') !== 1) {
    throw unsupported(key, `its format is ${String(format)}, known is 1`)
  }
  return {
    format: 1,
    requires: parseRequirements(asObject(requires, 'requires'), key),
    topic: asString(topic, 'topic'),
    topicId: asString(topicId, 'topicId'),
    cluster: asString(cluster, 'cluster'),
    incarnation: asInteger(incarnation, 'incarnation'),
    ...(baselineOf === undefined ? {} : { baselineOf: asInteger(baselineOf, 'baselineOf') }),
    segment: asUlid(segment, 'segment'),
    epoch: asInteger(epoch, 'epoch'),
    createdAt: asString(createdAt, 'createdAt'),
    writer: asString(writer, 'writer'),
  }
}

function parseRequirements(
  { read, write }: Readonly<Record<string, unknown>>,
  key: string,
): SegmentHeader['requires'] {
  const required = asNames(read, 'requires.read')
  const unknown = required.filter((feature) => !knownFeatures.has(feature))
  if (unknown.length > 0) throw unsupported(key, `it requires: ${unknown.join(', ')}`)
  return { read: required, write: asNames(write, 'requires.write') }
}

function asUlid(value: unknown, name: string): Ulid {
  if (isUlid(value)) return value
  throw new TypeError(`${name} is not a ULID`)
}

function asNames(value: unknown, name: string): readonly string[] {
  return asArray(value, name).map((item) => asString(item, name))
}
