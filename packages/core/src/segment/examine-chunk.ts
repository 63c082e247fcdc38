import {
  type ChunkHeader,
  decodeChunkHeader,
  flagBits,
  flagsOf,
  kindOf,
} from './format/chunk-header.ts'
import { type Damage, unsupported } from './format/damage.ts'
import { decodeChunk } from './format/decode-chunk.ts'
import type { ChunkTableEntry } from './format/footer.ts'
import type { Allocate } from './format/format.ts'
import { chunkHeaderBytes } from './format/format.ts'
import type { BodyReader } from './read-range.ts'

/** What reading a chunk found. */
export type Examined =
  | { readonly kind: 'whole'; readonly header: ChunkHeader; readonly raw: Uint8Array }
  /** The kind is newer than this program; the checksums are right. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'damage'; readonly damage: Damage }

/**
 * Reads the chunk of `entry` from `source`, which must be at the position of the chunk, and checks
 * it. Afterwards `source` is at the end of the chunk, whatever was found.
 *
 * @throws DATA_VERSION_UNSUPPORTED
 */
export async function examineChunk(
  source: BodyReader,
  entry: ChunkTableEntry,
  key: string,
  allocate?: Allocate,
): Promise<Examined> {
  const { position, storedLength } = entry
  const body = position + chunkHeaderBytes
  const damage = (from: number, to: number, reason: string): Examined => ({
    kind: 'damage',
    damage: { key, from, to, reason },
  })
  const headerBytes = await source.take(chunkHeaderBytes)
  const stored = await source.take(storedLength, allocate)
  if (headerBytes.length + stored.length < chunkHeaderBytes + storedLength) {
    const to = position + headerBytes.length + stored.length
    return damage(position, to, 'the object ends within a chunk')
  }
  const decoded = decodeChunkHeader(headerBytes, 0)
  if (decoded.kind === 'damage') return damage(position, body, decoded.reason)
  if (decoded.kind === 'unsupported') {
    throw unsupported(key, `the chunk at ${position} is of version ${decoded.version}`)
  }
  const { header } = decoded
  if (!isSame(header, entry)) {
    return damage(position, body, 'the chunk is not the one that the footer names')
  }
  const content = await decodeChunk(header, stored)
  switch (content.kind) {
    case 'raw':
      return entry.kind === 'unknown'
        ? { kind: 'skipped' }
        : { kind: 'whole', header, raw: content.raw }
    case 'damage':
      return damage(body, body + storedLength, content.reason)
    case 'unsupported':
      if (entry.kind === 'unknown') return { kind: 'skipped' }
      throw unsupported(key, `the chunk at ${position} cannot be read: ${content.why}`)
  }
}

function isSame(header: ChunkHeader, entry: ChunkTableEntry): boolean {
  return (
    (kindOf(header.kindCode) ?? 'unknown') === entry.kind &&
    flagBits(flagsOf(header.flagBits)) === flagBits(entry.flags) &&
    header.partition === entry.partition &&
    header.from === entry.from &&
    header.next === entry.next &&
    header.batches === entry.batches &&
    header.records === entry.records &&
    header.rawLength === entry.rawLength &&
    header.storedLength === entry.storedLength
  )
}
