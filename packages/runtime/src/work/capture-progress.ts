import type { CaptureProgressEvent } from '@kannery/kafka'
import type { BackupProgress } from './backup.ts'

/** Adds the partitions of a capture up to one figure for a progress bar. */
export class CaptureProgress {
  readonly #report: (progress: BackupProgress) => void
  readonly #partitions = new Map<string, { remaining: number }>()
  #records = 0
  #bytes = 0

  constructor(report: (progress: BackupProgress) => void) {
    this.#report = report
  }

  update(event: CaptureProgressEvent): void {
    this.#records += event.records
    this.#bytes += event.bytes
    this.#partitions.set(`${event.topic}/${event.partition}`, {
      remaining: Math.max(event.endOffset - event.nextOffset, 0),
    })
    const remaining = [...this.#partitions.values()].reduce((sum, partition) => sum + partition.remaining, 0)
    this.#report({ records: this.#records, bytes: this.#bytes, total: this.#records + remaining })
  }
}
