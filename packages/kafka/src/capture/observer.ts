import type { Gap, SegmentEntry } from '@kannery/core/index-file'
import type { KanneryError } from '@kannery/storage'

/**
 * What was read of one partition since the event before. In a run with an end the first one comes
 * before anything is read.
 */
export interface CaptureProgressEvent {
  readonly topic: string
  readonly partition: number
  /** That consumers would see: no markers, none of aborted transactions. */
  readonly records: number
  /** Of the batches, as the broker served them. */
  readonly bytes: number
  readonly nextOffset: number
  /** Where the run ends, or, when it follows, where the partition ends by now. */
  readonly endOffset: number
}

/** The segment is in the storage and in the index. */
export interface CaptureCommittedEvent {
  readonly topic: string
  readonly segment: SegmentEntry
}

/**
 * Why a topic goes on as another incarnation: another topic has its name, or its log lost what was
 * backed up.
 */
export type AnewReason = 'created-again' | 'truncated'

export interface BegunIncarnation {
  /** Its number in the index. */
  readonly incarnation: number
  readonly reason: AnewReason
}

/** The topic's lease is ours, and it is known where to read on. */
export interface CaptureOpenedEvent {
  readonly topic: string
  /** There when a new incarnation began, but for the first one. */
  readonly begun?: BegunIncarnation
  /** When the newest segment of the backup was captured, ISO 8601; undefined when there is none. */
  readonly capturedUntil?: string
}

/** The index says that these offsets were gone from Kafka before they could be read. */
export interface CaptureGapEvent {
  readonly topic: string
  readonly gap: Gap
}

/** Called synchronously; must return soon and not throw. */
export interface CaptureObserver {
  onOpened(event: CaptureOpenedEvent): void
  onProgress(event: CaptureProgressEvent): void
  onCommitted(event: CaptureCommittedEvent): void
  onGap(event: CaptureGapEvent): void
  /** What somebody should know although the backup goes on. */
  onWarning(warning: KanneryError): void
  /** Once, when nothing is under way any more, and also when the run then ends with an error. */
  onEnded?(report: CaptureReport): void
}

/** What was committed of a topic in this run. */
export interface TopicReport {
  readonly topic: string
  readonly partitions: number
  /** That consumers would see: no markers, none of aborted transactions. */
  readonly records: number
  /** Of the batches, as the broker served them. */
  readonly bytes: number
  readonly segments: number
  /** Offsets that were gone from Kafka before they could be read. */
  readonly gaps: readonly Gap[]
  /** Incarnations that began in this run, but for the first one of a topic. */
  readonly begun: readonly BegunIncarnation[]
}

/**
 * A topic that could not be backed up, or not to its end; what was committed of it is in its
 * report.
 */
export interface FailedCapture {
  readonly topic: string
  readonly error: unknown
}

export interface CaptureReport {
  /** By name. */
  readonly topics: readonly TopicReport[]
  /** First things first; a topic may fail in several partitions. */
  readonly failed: readonly FailedCapture[]
}
