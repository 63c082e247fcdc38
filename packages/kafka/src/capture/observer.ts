import type { Gap, SegmentEntry } from '@kannery/core/index-file'
import type { KanneryError } from '@kannery/storage'

/**
 * Progress of one partition since its last event. In a run of mode `once` the first event comes
 * before anything is read.
 */
export interface CaptureProgressEvent {
  readonly topic: string
  readonly partition: number
  /**
   * Number of records that consumers would see: without transaction markers and aborted records.
   */
  readonly records: number
  /** Size of the batches as the broker served them, bytes. */
  readonly bytes: number
  /** Offset after what was read. */
  readonly nextOffset: number
  /**
   * Offset at which the run ends; in a run that follows, the end of the partition at the moment.
   */
  readonly endOffset: number
}

/** A segment was stored and entered into the index. */
export interface CaptureCommittedEvent {
  readonly topic: string
  readonly segment: SegmentEntry
}

/**
 * Why a topic continues as another incarnation: a new topic has its name, or its log lost what was
 * backed up.
 */
export type AnewReason = 'created-again' | 'truncated'

/** An incarnation that a run began. */
export interface BegunIncarnation {
  /** Number of the incarnation in the index. */
  readonly incarnation: number
  readonly reason: AnewReason
}

/** A topic's lease was acquired, and it is known where to continue. */
export interface CaptureOpenedEvent {
  readonly topic: string
  /** The incarnation that began, unless it is the topic's first one. */
  readonly begun?: BegunIncarnation | undefined
  /**
   * Time at which the newest segment of the backup was captured, ISO 8601; undefined when there is
   * none.
   */
  readonly capturedUntil?: string | undefined
}

/** Offsets that were gone from Kafka before they could be read. The gap is in the index. */
export interface CaptureGapEvent {
  readonly topic: string
  readonly gap: Gap
}

/**
 * Receives what happens in a run. Every method is called synchronously; it must return soon and
 * must not throw.
 */
export interface CaptureObserver {
  onOpened(event: CaptureOpenedEvent): void
  onProgress(event: CaptureProgressEvent): void
  onCommitted(event: CaptureCommittedEvent): void
  onGap(event: CaptureGapEvent): void
  /** A problem that does not end the run. */
  onWarning(warning: KanneryError): void
  /**
   * Called once, when nothing is in progress any more; also when the run then ends with an error.
   */
  onEnded?(report: CaptureReport): void
}

/** What a run committed of one topic. */
export interface TopicReport {
  readonly topic: string
  /** Number of partitions that were captured. */
  readonly partitions: number
  /**
   * Number of records that consumers would see: without transaction markers and aborted records.
   */
  readonly records: number
  /** Size of the batches as the broker served them, bytes. */
  readonly bytes: number
  /** Number of committed segments. */
  readonly segments: number
  /** Offsets that were gone from Kafka before they could be read. */
  readonly gaps: readonly Gap[]
  /** Incarnations that began in the run, without the first one of a topic. */
  readonly begun: readonly BegunIncarnation[]
}

/**
 * A topic that could not be backed up, or not to its end. What was committed of it is in its
 * report.
 */
export interface FailedCapture {
  readonly topic: string
  readonly error: unknown
}

/** What a run did. */
export interface CaptureReport {
  /** Reports in order of the topics' names. */
  readonly topics: readonly TopicReport[]
  /** Failures in the order in which they happened. A topic may fail in several partitions. */
  readonly failed: readonly FailedCapture[]
}
