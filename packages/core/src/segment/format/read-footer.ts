import { crc32c } from '../../digest/crc32c.ts'
import { parseBoundedJson } from '../../json/bounded-json.ts'
import { asArray, asInteger, asIntegerOrNull, asObject, asString } from '../../json/json-values.ts'
import { flagsOf, kindOf } from './chunk-header.ts'
import { corrupt, unsupported } from './damage.ts'
import type { AbortedRange, ChunkTableEntry, Coverage, SegmentFooter } from './footer.ts'
import {
  chunkHeaderBytes,
  magic,
  maxAbortedRanges,
  maxChunkBytes,
  maxChunks,
  maxFooterBytes,
  maxHeaderBytes,
  maxPartitions,
  trailerBytes,
} from './format.ts'
import { parseSegmentHeader } from './segment-header.ts'

const limits = {
  depth: 6,
  containers: 2 * maxChunks + maxAbortedRanges + 256,
  commas: 20 * maxChunks + 4 * maxAbortedRanges + 4096,
}
const emptyJsonBytes = 2
/** Magic, length, `{}`, checksum. */
const leastHeaderBytes = magic.length + 8 + emptyJsonBytes
const leastSegmentBytes = leastHeaderBytes + emptyJsonBytes + trailerBytes
const leastTime = Number.MIN_SAFE_INTEGER

/**
 * Returns where the footer begins, from the last bytes of the object: at least 16, unless the
 * object is shorter.
 *
 * @throws DATA_CORRUPT
 */
export function footerStart(tail: Uint8Array, size: number, key: string): number {
  if (size < leastSegmentBytes || tail.byteLength < trailerBytes) {
    throw corrupt({ key, from: 0, to: size, reason: `${size} bytes are too few for a segment` })
  }
  const trailer = Buffer.from(tail.slice(-trailerBytes))
  if (Buffer.compare(trailer.subarray(8), magic) !== 0) {
    const reason = 'it does not end as a segment does: it was cut, or overwritten'
    throw corrupt({ key, from: size - magic.length, to: size, reason })
  }
  const length = trailer.readUInt32BE(0)
  const start = size - trailerBytes - length
  if (length < emptyJsonBytes || length > maxFooterBytes || start < leastHeaderBytes) {
    const from = size - trailerBytes
    throw corrupt({ key, from, to: from + 4, reason: `the footer cannot have ${length} bytes` })
  }
  return start
}

/**
 * Decodes the footer from all bytes between `start` and the end of the object.
 *
 * @throws DATA_CORRUPT; DATA_VERSION_UNSUPPORTED for another format, unknown requirements, or
 *   critical chunks of an unknown kind
 */
export function decodeFooter(bytes: Uint8Array, start: number, key: string): SegmentFooter {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const damaged = (reason: string): Error =>
    corrupt({ key, from: start, to: start + view.length, reason })
  const checksumPosition = view.length - trailerBytes + 4
  if (crc32c(view.subarray(0, checksumPosition)) !== view.readUInt32BE(checksumPosition)) {
    throw damaged('the checksum of the footer is wrong')
  }
  try {
    const footer = parseFooter(parseBoundedJson(view.subarray(0, -trailerBytes), limits), key)
    assertContiguous(footer.chunks, start)
    return footer
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw damaged(error.message)
    throw error
  }
}

function parseFooter(value: unknown, key: string): SegmentFooter {
  const { header, chunks, aborted, coverage, captured, maxBatchBytes } = asObject(
    value,
    'the footer',
  )
  return {
    header: parseSegmentHeader(header, key),
    chunks: asArray(chunks, 'chunks').map((row) => parseRow(asArray(row, 'chunk'), key)),
    aborted: asArray(aborted, 'aborted').map(parseAborted),
    coverage: parseCoverage(asObject(coverage, 'coverage')),
    captured: captured === null ? null : parseCaptured(captured),
    maxBatchBytes: asInteger(maxBatchBytes, 'maxBatchBytes'),
  }
}

/** Elements after those that are known are newer than this program, and are skipped. */
function parseRow(row: readonly unknown[], key: string): ChunkTableEntry {
  const kindCode = asInteger(row[3], 'chunk kind')
  const flags = flagsOf(asInteger(row[4], 'chunk flags'))
  const kind = kindOf(kindCode) ?? 'unknown'
  if (kind === 'unknown' && flags.critical) {
    throw unsupported(key, `it has chunks of the unknown kind ${kindCode} that must not be skipped`)
  }
  return {
    position: asInteger(row[0], 'chunk position'),
    storedLength: asInteger(row[1], 'chunk length'),
    rawLength: asInteger(row[2], 'chunk length'),
    kind,
    flags,
    partition: asInteger(row[5], 'chunk partition', -1),
    from: asInteger(row[6], 'chunk offset'),
    next: asInteger(row[7], 'chunk offset'),
    batches: asInteger(row[8], 'chunk batches'),
    records: asInteger(row[9], 'chunk records'),
    minTimestamp: asIntegerOrNull(row[10], 'chunk timestamp', leastTime),
    maxTimestamp: asIntegerOrNull(row[11], 'chunk timestamp', leastTime),
    controlBatches: asInteger(row[12], 'chunk control batches'),
    ...(row[13] === undefined
      ? {}
      : { estimatedMinTimestamp: asInteger(row[13], 'chunk timestamp', leastTime) }),
  }
}

function parseAborted(value: unknown): AbortedRange {
  const { partition, producerId, first, marker } = asObject(value, 'aborted range')
  const id = asString(producerId, 'producer id')
  if (!/^-?\d{1,19}$/.test(id)) throw new TypeError('producer id is not an integer')
  return {
    partition: asInteger(partition, 'aborted partition'),
    producerId: id,
    first: asInteger(first, 'first aborted offset'),
    marker: asInteger(marker, 'offset of an abort marker'),
  }
}

function parseCoverage(fields: Readonly<Record<string, unknown>>): Record<number, Coverage> {
  const coverage: Record<number, Coverage> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (!/^\d{1,10}$/.test(name) || Number(name) >= maxPartitions)
      throw new TypeError('coverage of something not a partition')
    const [from, next, leaderEpoch] = asArray(value, 'coverage')
    coverage[Number(name)] = [
      asInteger(from, 'covered offset'),
      asInteger(next, 'covered offset'),
      asInteger(leaderEpoch, 'leader epoch', -1),
    ]
  }
  return coverage
}

function parseCaptured(value: unknown): readonly [number, number] {
  const [least, greatest] = asArray(value, 'captured')
  return [asInteger(least, 'captured'), asInteger(greatest, 'captured')]
}

/** Every byte between header and footer belongs to exactly one chunk. */
function assertContiguous(chunks: readonly ChunkTableEntry[], end: number): void {
  const [first] = chunks
  if (first === undefined) return
  let position = first.position
  if (position < leastHeaderBytes || position > maxHeaderBytes + leastHeaderBytes) {
    throw new TypeError('the first chunk cannot lie there')
  }
  for (const chunk of chunks) {
    if (chunk.position !== position) throw new TypeError('the chunks do not follow one another')
    if (chunk.rawLength > maxChunkBytes) throw new TypeError('a chunk is larger than allowed')
    position += chunkHeaderBytes + chunk.storedLength
  }
  if (position !== end) throw new TypeError('the last chunk does not end at the footer')
}
