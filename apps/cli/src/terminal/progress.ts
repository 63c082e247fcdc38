import { formatBytes, formatCount, formatDuration } from './format.ts'
import type { Terminal } from './terminal.ts'

/** How often a line is written: a bar is redrawn for eyes, a log line is kept for ever. */
const redrawEveryMs = 200
const logEveryMs = 5000
/** The rate is that of the last seconds, so that the ETA follows a change of speed. */
const rateWindowMs = 10_000

interface Sample {
  readonly at: number
  readonly done: number
  readonly bytes: number
}

/** Shows how far a job is: a bar with rate and ETA on a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #terminal: Terminal
  readonly #verb: string
  readonly #monotonic: () => number
  readonly #startedAt: number
  #samples: Sample[] = []
  #writtenAt: number
  #drawn = false

  constructor(terminal: Terminal, verb: string, monotonic: () => number) {
    this.#terminal = terminal
    this.#verb = verb
    this.#monotonic = monotonic
    this.#startedAt = monotonic()
    this.#writtenAt = this.#startedAt
  }

  /** `done` of `total` records; an undefined `total` is a job without an end. */
  update(done: number, bytes: number, total: number | undefined): void {
    const now = this.#monotonic()
    if (now - this.#writtenAt < (this.#terminal.interactive ? redrawEveryMs : logEveryMs)) return
    this.#writtenAt = now
    this.#samples = this.#samples.filter((sample) => now - sample.at <= rateWindowMs)
    this.#samples.push({ at: now, done, bytes })
    const line = this.#line(now, { done, bytes, total })
    if (!this.#terminal.interactive) this.#terminal.say(line)
    else {
      this.#terminal.redraw(line.slice(0, this.#terminal.width - 1))
      this.#drawn = true
    }
  }

  /** Ends the bar, so that what is said next has a line of its own. */
  finish(): void {
    if (this.#drawn) this.#terminal.redraw('')
    this.#drawn = false
  }

  #line(now: number, job: { done: number; bytes: number; total: number | undefined }): string {
    const first = this.#samples[0] ?? { at: this.#startedAt, done: 0, bytes: 0 }
    const from = this.#samples.length > 1 ? first : { at: this.#startedAt, done: 0, bytes: 0 }
    const seconds = Math.max(now - from.at, 1) / 1000
    const recordRate = (job.done - from.done) / seconds
    const byteRate = (job.bytes - from.bytes) / seconds
    const rate = `${formatCount(job.done)} records  ${formatBytes(job.bytes)}  ${formatBytes(Math.round(byteRate))}/s`
    if (job.total === undefined) return `${this.#verb}  ${rate}`
    const share = job.total === 0 ? 1 : Math.min(job.done / job.total, 1)
    const left = recordRate > 0 ? formatDuration(((job.total - job.done) / recordRate) * 1000) : 'unknown'
    const bar = this.#terminal.interactive ? `  ${drawBar(share)}` : ''
    return `${this.#verb}${bar}  ${Math.floor(share * 100)} %  ${rate}  ETA ${left}`
  }
}

function drawBar(share: number): string {
  const width = 20
  const full = Math.round(share * width)
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`
}
