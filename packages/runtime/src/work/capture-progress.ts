import type { CaptureProgressEvent } from '@kannery/kafka'

export interface BackupProgress {
  /** Records and bytes of this run. */
  readonly records: number
  readonly bytes: number
  /** Records that this run will have captured at its end, as far as offsets say. */
  readonly total: number
}

/** Adds the partitions of a capture up to one figure for a progress bar. */
export class CaptureProgress {
  readonly #report: (progress: BackupProgress) => void
  readonly #remaining = new Map<string, number>()
  #remainingInAll = 0
  #records = 0
  #bytes = 0

  constructor(report: (progress: BackupProgress) => void) {
    this.#report = report
  }

  update({ topic, partition, records, bytes, nextOffset, endOffset }: CaptureProgressEvent): void {
    const name = `${topic}/${partition}`
    const remaining = Math.max(endOffset - nextOffset, 0)
    this.#records += records
    this.#bytes += bytes
    this.#remainingInAll += remaining - (this.#remaining.get(name) ?? 0)
    this.#remaining.set(name, remaining)
    this.#report({
      records: this.#records,
      bytes: this.#bytes,
      total: this.#records + this.#remainingInAll,
    })
  }
}
