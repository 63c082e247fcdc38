export { combineCrc32c, crc32c } from './digest/crc32c.ts'
export { type Digest, formatDigest, parseDigest, RunningDigest } from './digest/digest.ts'
export type { ChunkCodec, ChunkFlags, ChunkHeaderFacts, ChunkKind } from './segment/chunk-header.ts'
export { type Damage, damageOf } from './segment/damage.ts'
export {
  type ChunkFacts,
  type EncodedChunk,
  type EncodeOptions,
  encodeChunk,
} from './segment/encode-chunk.ts'
export type { AbortedRange, ChunkTableEntry, Coverage, SegmentFooter } from './segment/footer.ts'
export { maxAbortedRanges, maxChunkBytes } from './segment/format.ts'
export { readSegmentHeader } from './segment/read-header.ts'
export {
  openSegment,
  type ReadChunk,
  type ReadChunksOptions,
  type ReadPart,
  type SegmentLocation,
  SegmentReader,
} from './segment/reader.ts'
export { salvageSegment } from './segment/salvage.ts'
export type { SalvagedChunk, SalvagePart } from './segment/scan.ts'
export type { SegmentHeader } from './segment/segment-header.ts'
export { type ExpectedSegment, verifySegment } from './segment/verify.ts'
export { type SealedSegment, SegmentWriter } from './segment/writer.ts'
