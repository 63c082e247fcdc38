import type { Clock } from '@kannery/storage'
import { formatBytes, formatCount, formatDuration } from './format.ts'
import type { Terminal } from './terminal.ts'

/** How often progress is shown: a bar is redrawn for people, a log line is kept. */
const redrawEveryMs = 200
const logEveryMs = 5000
/** The rate is that of the last seconds, so that the time left follows a change of speed. */
const rateWindowMs = 10_000

/**
 * Before so much is done, the start of a job (connecting, listing) is longer than what it does, and
 * says nothing about its end.
 */
const startingShare = 0.01

/** How far a job is. */
export interface Advance {
  readonly records: number
  readonly bytes: number
  /** Records that it will have done at its end; undefined for a job without an end. */
  readonly total: number | undefined
}

interface Sample {
  readonly at: number
  readonly records: number
  readonly bytes: number
}

/**
 * Shows how far a job is: a bar with rate and time left on a terminal, a line every few seconds
 * elsewhere.
 */
export class Progress {
  readonly #terminal: Terminal
  readonly #verb: string
  readonly #clock: Pick<Clock, 'monotonic'>
  #samples: readonly Sample[]
  readonly #startedAt: number
  #shownAt: number

  constructor(terminal: Terminal, verb: string, clock: Pick<Clock, 'monotonic'>) {
    this.#terminal = terminal
    this.#verb = verb
    this.#clock = clock
    this.#startedAt = clock.monotonic()
    this.#shownAt = this.#startedAt
    this.#samples = [{ at: this.#shownAt, records: 0, bytes: 0 }]
  }

  update(advance: Advance): void {
    const now = this.#clock.monotonic()
    if (now - this.#shownAt < (this.#terminal.interactive ? redrawEveryMs : logEveryMs)) return
    this.#shownAt = now
    const pace = this.#pace(now, advance)
    this.#terminal.progress(this.#line(advance, pace), {
      job: this.#verb,
      ...advance,
      bytesPerSecond: Math.round(pace.bytesPerSecond),
      secondsLeft: pace.msLeft === undefined ? undefined : Math.round(pace.msLeft / 1000),
    })
  }

  #pace(now: number, { records, bytes, total }: Advance) {
    // The last sample stays, however old: a pace needs two points.
    const recent = this.#samples.filter(({ at }) => now - at <= rateWindowMs)
    const kept = recent.length > 0 ? recent : this.#samples.slice(-1)
    this.#samples = [...kept, { at: now, records, bytes }]
    const from = kept[0] ?? { at: now, records, bytes }
    const seconds = Math.max(now - from.at, 1) / 1000
    return {
      bytesPerSecond: (bytes - from.bytes) / seconds,
      msLeft: total === undefined ? undefined : this.#msLeft({ at: now, records, bytes }, total),
    }
  }

  /** By the pace of the last seconds; undefined until there is enough to compute it from. */
  #msLeft({ at, records }: Sample, total: number): number | undefined {
    const isStarting = records < total * startingShare
    const from = this.#samples.find((sample) => !isStarting || sample.at > this.#startedAt)
    if (from === undefined || from.at === at || records <= from.records) return undefined
    return (Math.max(total - records, 0) / (records - from.records)) * (at - from.at)
  }

  #line(
    { records, bytes, total }: Advance,
    { bytesPerSecond, msLeft }: { bytesPerSecond: number; msLeft: number | undefined },
  ): string {
    const done = `${formatCount(records)} records  ${formatBytes(bytes)}  ${formatBytes(Math.round(bytesPerSecond))}/s`
    if (total === undefined) return `${this.#verb}  ${done}`
    const share = total === 0 ? 1 : Math.min(records / total, 1)
    const bar = this.#terminal.interactive ? `  ${drawBar(share)}` : ''
    const left = msLeft === undefined ? 'unknown' : formatDuration(msLeft)
    return `${this.#verb}${bar}  ${Math.floor(share * 100)} %  ${done}  ETA ${left}`
  }
}

function drawBar(share: number): string {
  const width = 20
  const full = Math.round(share * width)
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`
}
