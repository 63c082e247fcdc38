import type { Retention } from '@kannery/core/retention'
import { UlidSource } from '@kannery/core/ulid'
import { Worker } from '@kannery/core/writing'
import type { Clock, KanneryError, StorageBackend } from '@kannery/storage'
import { realClock, realRandom } from '@kannery/storage-testkit'
import { capture } from '../src/capture/capture.ts'
import type { CaptureOptions } from '../src/capture/capture-options.ts'
import type {
  CaptureCommittedEvent,
  CaptureGapEvent,
  CaptureOpenedEvent,
  CaptureProgressEvent,
  CaptureReport,
} from '../src/capture/observer.ts'
import { parseTopicMatcher } from '../src/capture/topics/topic-matcher.ts'
import type { KafkaCluster } from '../src/cluster/kafka-cluster.ts'

export interface Setting
  extends Partial<Omit<CaptureOptions, 'topics' | 'worker' | 'ids' | 'observer'>> {
  readonly cluster: KafkaCluster
  readonly storage: StorageBackend
  readonly topics: readonly string[]
  readonly exclude?: readonly string[]
  readonly retention?: Retention
}

/**
 * Sleeps a tenth as long as it is asked to: what happens every half a minute happens every three
 * seconds.
 */
export const impatientClock: Clock = {
  ...realClock,
  monotonic: () => 10 * realClock.monotonic(),
  sleep: (milliseconds, signal) => realClock.sleep(milliseconds / 10, signal),
}

/** A run of `capture` and all that it reported. */
export class CaptureUnderTest {
  readonly progress: CaptureProgressEvent[] = []
  readonly committed: CaptureCommittedEvent[] = []
  readonly opened: CaptureOpenedEvent[] = []
  readonly gaps: CaptureGapEvent[] = []
  readonly warnings: KanneryError[] = []
  /** What was said to be committed in the end; undefined before. */
  ended: CaptureReport | undefined
  readonly #ending = new AbortController()
  readonly #report: Promise<CaptureReport>
  #changed = Promise.withResolvers<void>()

  constructor(setting: Setting) {
    this.#report = this.#run(setting)
    this.#report.catch(() => undefined)
  }

  /**
   * Resolves as soon as `condition` holds; looks again whenever the run reports anything. Rejects
   * when the run ends before.
   */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const ended = this.#report.then(() => {
        throw new Error('the run ended before')
      })
      await Promise.race([this.#changed.promise, ended])
    }
  }

  stop(): Promise<CaptureReport> {
    this.#ending.abort()
    return this.#report
  }

  get report(): Promise<CaptureReport> {
    return this.#report
  }

  get records(): number {
    return this.progress.reduce((sum, { records }) => sum + records, 0)
  }

  async #run({ topics, exclude = [], retention, ...options }: Setting): Promise<CaptureReport> {
    const { storage, clock = realClock } = options
    await using worker = await Worker.start({
      storage,
      clock,
      random: realRandom,
      description: 'a test',
      ...(retention && { retention }),
    })
    return await capture({
      mode: { kind: 'continuous' },
      segment: { maxBytes: 64 * 1024 * 1024, maxAgeMs: 300_000 },
      budgetBytes: 64 * 1024 * 1024,
      codec: 'none',
      clock,
      signal: this.#ending.signal,
      ...options,
      topics: {
        include: topics.map(parseTopicMatcher),
        exclude: exclude.map(parseTopicMatcher),
      },
      worker,
      ids: new UlidSource({ clock, random: realRandom }),
      observer: {
        onProgress: (event) => this.#note(this.progress, event),
        onOpened: (event) => this.#note(this.opened, event),
        onGap: (event) => this.#note(this.gaps, event),
        onCommitted: (event) => this.#note(this.committed, event),
        onWarning: (warning) => this.#note(this.warnings, warning),
        onEnded: (report) => {
          this.ended = report
        },
      },
    })
  }

  #note<T>(list: T[], item: T): void {
    list.push(item)
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** To the end, and a report of it. */
export function captureOnce(setting: Setting): Promise<CaptureReport> {
  const mode = { kind: 'once', openTransactionPatienceMs: 0 } as const
  return new CaptureUnderTest({ mode, ...setting }).report
}
