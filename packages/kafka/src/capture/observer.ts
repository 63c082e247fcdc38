import type { SegmentEntry } from '@kannery/core'
import type { KanneryError } from '@kannery/storage'

/** What was read of one partition since the event before. */
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

/** Called synchronously; must return soon and not throw. */
export interface CaptureObserver {
  onProgress(event: CaptureProgressEvent): void
  onCommitted(event: CaptureCommittedEvent): void
  /** What somebody should know although the backup goes on. */
  onWarning(warning: KanneryError): void
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
}

export interface CaptureReport {
  /** By name. */
  readonly topics: readonly TopicReport[]
}
