import type { CallOptions, ObjectKey, StorageBackend } from '@kannery/storage'
import { RunningDigest } from '../../digest/digest.ts'
import { examineChunk } from '../examine-chunk.ts'
import { type Damage, damageOf } from '../format/damage.ts'
import { magic } from '../format/format.ts'
import {
  canonicalHeader,
  decodeSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../format/segment-header.ts'
import { BodyReader } from '../read-range.ts'
import type { SegmentReader } from '../reader.ts'
import { scanSegment } from './scan.ts'
import { tryOpen } from './try-open.ts'

/** Size and digest of a segment, as an index states them. */
export interface ExpectedSegment {
  /** Size of the object, bytes. */
  readonly bytes: number
  /** CRC-32C of the whole object, as `formatDigest` writes it. */
  readonly digest: string
}

/**
 * Reads a whole segment and yields its damage. Every byte belongs to the header, a chunk or the
 * footer, and is covered by a checksum. With `expected`, a segment that is whole but not the
 * committed one is damage, too. Holds one chunk in memory at a time.
 *
 * @throws DATA_VERSION_UNSUPPORTED; STORAGE_NOT_FOUND and other STORAGE_*; never DATA_CORRUPT
 */
export async function* verifySegment(
  storage: StorageBackend,
  key: ObjectKey,
  expected?: ExpectedSegment,
  options: CallOptions = {},
): AsyncGenerator<Damage, void, undefined> {
  const opened = await tryOpen(storage, key, options)
  const size = opened.kind === 'open' ? opened.reader.size : opened.window.size
  if (expected !== undefined && size !== expected.bytes) yield otherSize(key, size, expected.bytes)
  if (opened.kind === 'damaged') {
    for await (const part of scanSegment(opened.window, key, opened.damage.reason)) {
      if (part.kind === 'damage') yield part.damage
    }
    return
  }
  await using object = await storage.get(key, options)
  const digest = new RunningDigest()
  const found = damageIn(opened.reader, new BodyReader(digested(object.body, digest)))
  let damaged = false
  for await (const damage of found) {
    damaged = true
    yield damage
  }
  if (damaged || expected === undefined || size !== expected.bytes) return
  if (digest.digest !== expected.digest) yield otherDigest(key, { size, digest, expected })
}

/** Reads `source`, the whole object, to its end and yields the damage in it. */
async function* damageIn(
  { key, footer, footerStart, size }: SegmentReader,
  source: BodyReader,
): AsyncGenerator<Damage, void, undefined> {
  const headerEnd = footer.chunks[0]?.position ?? footerStart
  const header = examineHeader(await source.take(headerEnd), footer.header, key)
  if (header !== undefined) yield header
  for (const entry of footer.chunks) {
    const examined = await examineChunk(source, entry, key)
    if (examined.kind === 'damage') yield examined.damage
  }
  // The footer was checked when the segment was opened.
  await source.skip(size - footerStart)
}

function examineHeader(
  bytes: Uint8Array,
  expected: SegmentHeader,
  key: string,
): Damage | undefined {
  const damage = (reason: string): Damage => ({ key, from: magic.length, to: bytes.length, reason })
  try {
    if (segmentHeaderBytes(bytes, key) !== bytes.length) {
      return damage('the header does not end where the first chunk begins')
    }
    const header = canonicalHeader(decodeSegmentHeader(bytes, key))
    if (JSON.stringify(header) === JSON.stringify(canonicalHeader(expected))) return undefined
    return damage('the header is not the one that the footer repeats')
  } catch (error) {
    const found = damageOf(error)
    if (found === undefined) throw error
    return found
  }
}

async function* digested(
  body: AsyncIterable<Uint8Array>,
  digest: RunningDigest,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of body) {
    digest.update(piece)
    yield piece
  }
}

function otherSize(key: string, size: number, expected: number): Damage {
  const reason = `the object has ${size} bytes, the index says ${expected}`
  return { key, from: Math.min(size, expected), to: Math.max(size, expected), reason }
}

function otherDigest(
  key: string,
  found: {
    readonly size: number
    readonly digest: RunningDigest
    readonly expected: ExpectedSegment
  },
): Damage {
  const { size, digest, expected } = found
  const reason = `its own checksums are right, but its digest is ${digest.digest} and the index says ${expected.digest}`
  return { key, from: 0, to: size, reason }
}
