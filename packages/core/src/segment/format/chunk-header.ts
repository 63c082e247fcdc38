import { crc32c } from '../../digest/crc32c.ts'
import { chunkHeaderBytes, chunkMagic, maxChunkBytes, maxPartitions } from './format.ts'

/**
 * The content of a chunk: record batches of one partition, positions of consumer groups, or
 * configuration.
 */
export type ChunkKind = 'batches' | 'positions' | 'configuration'
/** The compression of a chunk, on top of that of its batches. `none`: it is stored as it is. */
export type ChunkCodec = 'none' | 'zstd'

/** Properties of a chunk that readers need to know before decoding it. All default to false. */
export interface ChunkFlags {
  /** The chunk has transactional or control batches. */
  readonly transactional?: boolean
  /** Offsets are missing between the first and the last record: compaction or markers. */
  readonly holes?: boolean
  /** The topic used LogAppendTime: the time of a record is the greatest timestamp of its batch. */
  readonly logAppendTime?: boolean
  /** A reader that does not know the kind must refuse the segment instead of skipping the chunk. */
  readonly critical?: boolean
}

/** Describes a chunk by what its own header says, which is known without the footer. */
export interface ChunkHeaderFacts {
  readonly kind: ChunkKind
  /** Partition of the batches; −1: the chunk belongs to no partition. */
  readonly partition: number
  /** Leader epoch of the last batch; −1 when unknown. */
  readonly leaderEpoch: number
  /** First covered offset. Readers ignore records before it. */
  readonly from: number
  /** First offset after the covered ones. Readers ignore records from it on. */
  readonly next: number
  /** When the batches were fetched: milliseconds, by the writer's clock. */
  readonly fetchedAt: number
  /** Number of batches, control batches included. */
  readonly batches: number
  /** The sum of the batches' record counts, control records included. */
  readonly records: number
  readonly flags: ChunkFlags
}

/** The 68 bytes of a chunk header, as numbers. */
export interface ChunkHeader {
  readonly kindCode: number
  readonly codecCode: number
  readonly flagBits: number
  readonly partition: number
  readonly leaderEpoch: number
  readonly from: number
  readonly next: number
  readonly fetchedAt: number
  readonly batches: number
  readonly records: number
  readonly rawLength: number
  readonly storedLength: number
  readonly rawCrc: number
  readonly storedCrc: number
}

/** A decoded chunk header, or what the bytes are instead. */
export type DecodedChunkHeader =
  | { readonly kind: 'header'; readonly header: ChunkHeader }
  | { readonly kind: 'damage'; readonly reason: string }
  /** The checksum is right, but the version is later than this program knows. */
  | { readonly kind: 'unsupported'; readonly version: number }

const version = 1
const kinds: readonly ChunkKind[] = ['batches', 'positions', 'configuration']
export const codecs: readonly ChunkCodec[] = ['none', 'zstd']

/**
 * Room for what encryption will add to the stored bytes; compression adds none, it is then left
 * out.
 */
const encryptionBytes = 64

const flagEncrypted = 1
const flagTransactional = 2
const flagHoles = 4
const flagLogAppendTime = 8
const flagCritical = 128

/** Returns the 68 bytes of a chunk header. */
export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  const bytes = Buffer.alloc(chunkHeaderBytes)
  bytes.set(chunkMagic)
  bytes.writeUInt8(version, 4)
  bytes.writeUInt8(header.kindCode, 5)
  bytes.writeUInt8(header.codecCode, 6)
  bytes.writeUInt8(header.flagBits, 7)
  bytes.writeInt32BE(header.partition, 8)
  bytes.writeInt32BE(header.leaderEpoch, 12)
  bytes.writeBigInt64BE(BigInt(header.from), 16)
  bytes.writeBigInt64BE(BigInt(header.next), 24)
  bytes.writeBigInt64BE(BigInt(header.fetchedAt), 32)
  bytes.writeUInt32BE(header.batches, 40)
  bytes.writeUInt32BE(header.records, 44)
  bytes.writeUInt32BE(header.rawLength, 48)
  bytes.writeUInt32BE(header.storedLength, 52)
  bytes.writeUInt32BE(header.rawCrc, 56)
  bytes.writeUInt32BE(header.storedCrc, 60)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 64)), 64)
  return bytes
}

/**
 * Decodes the chunk header at `position`; `buffer` must hold all 68 bytes of it. Never throws,
 * whatever the bytes are.
 */
export function decodeChunkHeader(buffer: Uint8Array, position: number): DecodedChunkHeader {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset + position, chunkHeaderBytes)
  if (Buffer.compare(bytes.subarray(0, chunkMagic.length), chunkMagic) !== 0) {
    return damage('no chunk begins here')
  }
  if (crc32c(bytes.subarray(0, 64)) !== bytes.readUInt32BE(64)) {
    return damage('the checksum of the chunk header is wrong')
  }
  if (bytes.readUInt8(4) !== version) return { kind: 'unsupported', version: bytes.readUInt8(4) }
  const header: ChunkHeader = {
    kindCode: bytes.readUInt8(5),
    codecCode: bytes.readUInt8(6),
    flagBits: bytes.readUInt8(7),
    partition: bytes.readInt32BE(8),
    leaderEpoch: bytes.readInt32BE(12),
    from: Number(bytes.readBigInt64BE(16)),
    next: Number(bytes.readBigInt64BE(24)),
    fetchedAt: Number(bytes.readBigInt64BE(32)),
    batches: bytes.readUInt32BE(40),
    records: bytes.readUInt32BE(44),
    rawLength: bytes.readUInt32BE(48),
    storedLength: bytes.readUInt32BE(52),
    rawCrc: bytes.readUInt32BE(56),
    storedCrc: bytes.readUInt32BE(60),
  }
  const reason = reasonAgainst(header)
  return reason === undefined ? { kind: 'header', header } : damage(reason)
}

/** Why a chunk header is impossible; undefined when it is possible. Used by writers and readers. */
export function reasonAgainst(header: ChunkHeader): string | undefined {
  const { partition, leaderEpoch, from, next, fetchedAt, batches, records } = header
  const { rawLength, storedLength } = header
  if (partition < -1 || partition >= maxPartitions) return `partition ${partition}`
  if (leaderEpoch < -1) return `leader epoch ${leaderEpoch}`
  if (!isOffset(from) || !isOffset(next) || from > next) return `offsets ${from} to ${next}`
  if (!isOffset(fetchedAt)) return `fetched at ${fetchedAt}`
  if (!isCount(batches) || !isCount(records)) return `${batches} batches, ${records} records`
  if (rawLength > maxChunkBytes || storedLength > rawLength + encryptionBytes) {
    return `${rawLength} bytes, stored as ${storedLength}`
  }
  const storedAsIs = codecs[header.codecCode] === 'none' && !isEncrypted(header.flagBits)
  if (storedAsIs && (rawLength !== storedLength || header.rawCrc !== header.storedCrc)) {
    return 'it is stored as it is, but under two lengths or checksums'
  }
  return undefined
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff
}

function damage(reason: string): DecodedChunkHeader {
  return { kind: 'damage', reason }
}

/** Returns the kind of a chunk; undefined for one that this program does not know. */
export function kindOf(kindCode: number): ChunkKind | undefined {
  return kinds[kindCode]
}

export function kindCode(kind: ChunkKind): number {
  return kinds.indexOf(kind)
}

export function isEncrypted(flagBits: number): boolean {
  return (flagBits & flagEncrypted) !== 0
}

export function flagBits(flags: ChunkFlags): number {
  return (
    (flags.transactional === true ? flagTransactional : 0) |
    (flags.holes === true ? flagHoles : 0) |
    (flags.logAppendTime === true ? flagLogAppendTime : 0) |
    (flags.critical === true ? flagCritical : 0)
  )
}

/** Returns the flags of a chunk header. */
export function flagsOf(bits: number): Required<ChunkFlags> {
  return {
    transactional: (bits & flagTransactional) !== 0,
    holes: (bits & flagHoles) !== 0,
    logAppendTime: (bits & flagLogAppendTime) !== 0,
    critical: (bits & flagCritical) !== 0,
  }
}

/**
 * Returns what a chunk header says of its chunk.
 *
 * @throws TypeError for an unknown kind: check {@link kindOf} first
 */
export function factsOf(header: ChunkHeader): ChunkHeaderFacts {
  const { partition, leaderEpoch, from, next, fetchedAt, batches, records } = header
  const kind = kindOf(header.kindCode)
  if (kind === undefined) throw new TypeError(`chunk kind ${header.kindCode}`)
  const flags = flagsOf(header.flagBits)
  return { kind, partition, leaderEpoch, from, next, fetchedAt, batches, records, flags }
}
