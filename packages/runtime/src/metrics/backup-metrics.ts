import type {
  CaptureCommittedEvent,
  CaptureGapEvent,
  CaptureOpenedEvent,
  CaptureProgressEvent,
} from '@kannery/kafka'
import type { Clock } from '@kannery/storage'
import { Counter, Gauge, Registry } from 'prom-client'
import type { MetricsSource } from './metrics-server.ts'

/**
 * What an alert needs: how much was captured, how many records are still to be captured, and how
 * old the last commit is.
 */
export class BackupMetrics implements MetricsSource {
  readonly #registry = new Registry()
  /** Time of the last commit, by topic, by the monotonic clock. */
  readonly #committedAt = new Map<string, number>()
  readonly #records: Counter<'topic' | 'partition'>
  readonly #bytes: Counter<'topic' | 'partition'>
  readonly #lag: Gauge<'topic' | 'partition'>
  readonly #segments: Counter<'topic'>
  readonly #gaps: Counter<'topic' | 'partition'>
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
    const registers = [this.#registry]
    const partition = ['topic', 'partition'] as const
    this.#records = new Counter({
      name: 'kannery_captured_records_total',
      help: 'Records read from Kafka by this process',
      labelNames: partition,
      registers,
    })
    this.#bytes = new Counter({
      name: 'kannery_captured_bytes_total',
      help: 'Bytes of record batches read from Kafka by this process',
      labelNames: partition,
      registers,
    })
    this.#lag = new Gauge({
      name: 'kannery_lag_offsets',
      help: 'Offsets between what was read and the end of the partition',
      labelNames: partition,
      registers,
    })
    this.#segments = new Counter({
      name: 'kannery_committed_segments_total',
      help: 'Segments committed to the index by this process',
      labelNames: ['topic'],
      registers,
    })
    this.#gaps = new Counter({
      name: 'kannery_gap_offsets_total',
      help: 'Offsets that were gone from Kafka before this process could read them',
      labelNames: partition,
      registers,
    })
    const committedAt = this.#committedAt
    new Gauge({
      name: 'kannery_last_commit_age_seconds',
      help: 'Time since the last commit of a topic: what would be lost if Kafka were lost now',
      labelNames: ['topic'],
      registers,
      collect() {
        for (const [topic, at] of committedAt) this.set({ topic }, (clock.monotonic() - at) / 1000)
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async render(): Promise<string> {
    return await this.#registry.metrics()
  }

  /**
   * Notes that a topic was opened. Until its first commit in this process, the age of the last
   * commit is that of the newest segment of the backup, or counts from now when there is none.
   */
  opened({ topic, capturedUntil }: CaptureOpenedEvent): void {
    const now = this.#clock.now()
    const until = capturedUntil === undefined ? now : Date.parse(capturedUntil)
    this.#committedAt.set(topic, this.#clock.monotonic() - Math.max(now - until, 0))
  }

  progressed({
    topic,
    partition,
    records,
    bytes,
    nextOffset,
    endOffset,
  }: CaptureProgressEvent): void {
    const labels = { topic, partition: String(partition) }
    this.#records.inc(labels, records)
    this.#bytes.inc(labels, bytes)
    this.#lag.set(labels, Math.max(endOffset - nextOffset, 0))
  }

  committed({ topic }: Pick<CaptureCommittedEvent, 'topic'>): void {
    this.#segments.inc({ topic })
    this.#committedAt.set(topic, this.#clock.monotonic())
  }

  lost({ topic, gap }: CaptureGapEvent): void {
    const [from, next] = gap.offsets
    this.#gaps.inc({ topic, partition: String(gap.partition) }, next - from)
  }
}
