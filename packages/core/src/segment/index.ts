export type {
  ChunkCodec,
  ChunkFlags,
  ChunkHeaderFacts,
  ChunkKind,
} from './format/chunk-header.ts'
export { type Damage, damageOf } from './format/damage.ts'
export {
  type ChunkFacts,
  type EncodedChunk,
  type EncodeOptions,
  encodeChunk,
  isChangedInMemory,
} from './format/encode-chunk.ts'
export type {
  AbortedRange,
  ChunkTableEntry,
  Coverage,
  SegmentFooter,
} from './format/footer.ts'
export { maxAbortedRanges } from './format/format.ts'
export { combineTimes, type KnownTimes, type RecordTimes } from './format/record-times.ts'
export type { SegmentHeader } from './format/segment-header.ts'
export { ZstdThreads } from './format/zstd-threads.ts'
export {
  openSegment,
  type ReadChunk,
  type ReadChunksOptions,
  type ReadPart,
  type SegmentLocation,
  SegmentReader,
} from './reader.ts'
export { salvageSegment } from './salvage/salvage.ts'
export type { SalvagedChunk, SalvagePart } from './salvage/scan.ts'
export { type ExpectedSegment, verifySegment } from './salvage/verify.ts'
export { type SealedSegment, SegmentWriter } from './writer.ts'
