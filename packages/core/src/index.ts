export { deletePruned, type Pruned } from './clean-up/delete-pruned.ts'
export { findOrphans, markOrphans } from './clean-up/orphans.ts'
export { type CopyTopicOptions, copyTopic, type TopicCopy } from './copy/copy-topic.ts'
export type { CopyProgress, CopySums } from './copy/topic-copier.ts'
export { combineCrc32c, crc32c } from './digest/crc32c.ts'
export { type Digest, formatDigest, parseDigest, RunningDigest } from './digest/digest.ts'
export { chooseIncarnation, restorableIncarnation } from './index-file/baseline.ts'
export {
  currentIncarnation,
  type NextOffsets,
  nextOffsets,
} from './index-file/coverage.ts'
export { copyIsNotEdited, editIndex } from './index-file/edit-index.ts'
export {
  encodeIndex,
  encodePage,
  parseIndex,
  parsePage,
} from './index-file/format/index-document.ts'
export type {
  Baseline,
  CopyOrigin,
  CoveredRange,
  Gap,
  GarbageEntry,
  Holdings,
  Incarnation,
  Index,
  JsonObject,
  JsonValue,
  Page,
  PageSummary,
  Requirements,
  SegmentEntry,
} from './index-file/format/model.ts'
export { holdingsOf, visibleRecords } from './index-file/pages/holdings.ts'
export { type SegmentFacts, summarizeHoldings } from './index-file/pages/page-summary.ts'
export { readPage, segmentEntries } from './index-file/pages/pages.ts'
export { readIndex, type StoredIndex } from './index-file/read-index.ts'
export { requireIndex } from './index-file/require-index.ts'
export {
  heartbeatKey,
  isUploadKey,
  type NamedObject,
  namedObject,
  type TopicKeys,
  topicKeys,
  workersPrefix,
} from './layout/keys.ts'
export { listTopics } from './layout/list-topics.ts'
export { isOfOneObject, isOfOneTopic } from './layout/still-answers.ts'
export type { Holder } from './lease/errors.ts'
export { breakLease, listLeases, readHolder } from './lease/list-leases.ts'
export { type SweepOptions, sweepHeartbeats } from './lease/sweep-heartbeats.ts'
export { defaultLeaseTiming, type LeaseTiming } from './lease/timing.ts'
export { type AcceptedEdit, type AcceptOptions, acceptIndex } from './rebuild/accept-index.ts'
export {
  planRebuild,
  type RebuildOptions,
  type RebuildPlan,
  rebuildIndex,
} from './rebuild/rebuild-index.ts'
export type { LeftOut, SurveyProgress } from './rebuild/survey-segments.ts'
export type { RecoverySource, Verdicts } from './recovery/adoption.ts'
export { BackupUse, type UseOptions, type UseTiming } from './retention/backup-use.ts'
export {
  type Deletable,
  type DueOptions,
  defaultRetentionTiming,
  dueForDeletion,
  dueForMark,
  isHeld,
  type RetentionTiming,
} from './retention/due.ts'
export { addHold, type EditOptions, type Hold, readHolds, removeHold } from './retention/holds.ts'
export type { KeepRules } from './retention/keep-rules.ts'
export { addPoint, type Point, readPoints, removePoint, thinPoints } from './retention/points.ts'
export {
  markExpired,
  type PruneOptions,
  type TakenBack,
  takeBackExpired,
} from './retention/prune.ts'
export { encodeRetention, parseRetention, type Retention } from './retention/retention.ts'
export type {
  ChunkCodec,
  ChunkFlags,
  ChunkHeaderFacts,
  ChunkKind,
} from './segment/format/chunk-header.ts'
export { type Damage, damageOf } from './segment/format/damage.ts'
export {
  type ChunkFacts,
  type EncodedChunk,
  type EncodeOptions,
  encodeChunk,
} from './segment/format/encode-chunk.ts'
export type {
  AbortedRange,
  ChunkTableEntry,
  Coverage,
  SegmentFooter,
} from './segment/format/footer.ts'
export { maxAbortedRanges, maxChunkBytes } from './segment/format/format.ts'
export { combineTimes, type KnownTimes, type RecordTimes } from './segment/format/record-times.ts'
export type { SegmentHeader } from './segment/format/segment-header.ts'
export { readSegmentHeader } from './segment/read-header.ts'
export {
  openSegment,
  type ReadChunk,
  type ReadChunksOptions,
  type ReadPart,
  type SegmentLocation,
  SegmentReader,
} from './segment/reader.ts'
export { salvageSegment } from './segment/salvage/salvage.ts'
export type { SalvagedChunk, SalvagePart } from './segment/salvage/scan.ts'
export { type ExpectedSegment, verifySegment } from './segment/salvage/verify.ts'
export { type SealedSegment, SegmentWriter } from './segment/writer.ts'
export { isUlid, type Ulid, UlidSource } from './ulid/ulid.ts'
export { type AcquireOptions, Worker, type WorkerOptions } from './writing/worker.ts'
export { type CommitChange, type NewIncarnation, WriterSession } from './writing/writer-session.ts'
