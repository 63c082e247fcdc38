import {
  currentIncarnation,
  type Gap,
  type Incarnation,
  type Index,
  type SegmentEntry,
} from '@kannery/core/index-file'
import type { WriterSession } from '@kannery/core/writing'
import { type Clock, KanneryError, type StorageBackend } from '@kannery/storage'
import type { Uploads } from '../memory/worker-memory.ts'
import type { CaptureObserver, TopicReport } from '../observer.ts'
import type { OpenSegment } from '../segments/open-segment.ts'
import type { UploadedSegment } from '../segments/segment-pipeline.ts'
import { uploadSegment } from '../segments/upload-segment.ts'

/** What publishing the segments of a topic needs. */
interface PublishContext {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly uploads: Uploads
  readonly observer: CaptureObserver
}

/** What a publisher committed so far. */
type Committed = Pick<TopicReport, 'records' | 'bytes' | 'segments' | 'gaps'>

/** What a commit adds to the index and to what is {@link SegmentPublisher.committed}. */
interface Uncommitted {
  readonly gaps: readonly Gap[]
  /** Undefined when there are only gaps. */
  readonly entry: SegmentEntry | undefined
  readonly visibleRecords: number
  readonly rawBytes: number
}

/** Uploads the closed segments of one topic, enters them into its index, and counts them. */
export class SegmentPublisher {
  readonly #context: PublishContext
  readonly #session: WriterSession
  readonly #topic: { readonly name: string; readonly topicId: string }
  #records = 0
  #bytes = 0
  #segments = 0
  readonly #gaps: Gap[] = []

  constructor(
    context: PublishContext,
    session: WriterSession,
    topic: { readonly name: string; readonly topicId: string },
  ) {
    this.#context = context
    this.#session = session
    this.#topic = topic
  }

  /** What was committed so far. */
  get committed(): Committed {
    return {
      records: this.#records,
      bytes: this.#bytes,
      segments: this.#segments,
      gaps: [...this.#gaps],
    }
  }

  /**
   * Uploads the segment; one without chunks is only gaps and has nothing to upload. Segments may be
   * uploaded concurrently, and are to be committed in order, one at a time.
   *
   * @throws STORAGE_*, KAFKA_DATA_CORRUPT, INTERNAL when it cannot be uploaded; its `commit`
   *   STORAGE_*, LEASE_LOST, INDEX_*
   */
  async upload(segment: OpenSegment): Promise<UploadedSegment> {
    const { n } = presentIncarnation(this.#session.index)
    const gaps = segment.gaps.map((gap): Gap => ({ in: n, ...gap }))
    const { visibleRecords, rawBytes } = segment
    const entry = segment.chunks.length === 0 ? undefined : await this.#upload(segment)
    return { id: entry?.id, commit: () => this.#commit({ gaps, entry, visibleRecords, rawBytes }) }
  }

  async #commit({ gaps, entry, visibleRecords, rawBytes }: Uncommitted): Promise<void> {
    const { observer } = this.#context
    const topic = this.#topic.name
    await this.#session.commit({ gaps, segment: entry })
    this.#gaps.push(...gaps)
    for (const gap of gaps) observer.onGap({ topic, gap })
    if (entry === undefined) return
    this.#segments += 1
    this.#records += visibleRecords
    this.#bytes += rawBytes
    observer.onCommitted({ topic, segment: entry })
  }

  async #upload(segment: OpenSegment): Promise<SegmentEntry> {
    const { storage, clock, uploads } = this.#context
    const { index } = this.#session
    const { cluster, epoch, writer } = index
    const { n: incarnation, baseline } = presentIncarnation(index)
    const { name: topic, topicId } = this.#topic
    return await uploadSegment(
      {
        storage,
        clock,
        uploads,
        header: {
          format: 1,
          requires: { read: [], write: [] },
          topic,
          topicId,
          cluster,
          incarnation,
          ...(baseline && { baselineOf: baseline.of }),
          epoch,
          writer,
        },
        newSegmentId: () => this.#session.newSegmentId(),
      },
      segment,
    )
  }
}

/** Returns the incarnation that a capture continues. A capture begins one where there is none. */
export function presentIncarnation(index: Index): Incarnation {
  const current = currentIncarnation(index)
  if (current === undefined) throw new KanneryError('INTERNAL', 'a topic without an incarnation')
  return current
}
