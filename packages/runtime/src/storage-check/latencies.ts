import type { StorageAttempt, StorageObserver, StorageOperation } from '@kannery/storage/client'

export interface OperationLatency {
  readonly operation: StorageOperation
  readonly count: number
  readonly medianMs: number
  readonly p99Ms: number
}

/** Remembers how long each attempt took. */
export class Latencies implements StorageObserver {
  readonly #durations = new Map<StorageOperation, number[]>()

  onAttempt({ operation, durationMs }: StorageAttempt): void {
    const durations = this.#durations.get(operation)
    if (durations === undefined) this.#durations.set(operation, [durationMs])
    else durations.push(durationMs)
  }

  /** Returns the latencies by operation, in the order in which they were first called. */
  summarize(): readonly OperationLatency[] {
    return Array.from(this.#durations, ([operation, durations]) => {
      const sorted = durations.toSorted((a, b) => a - b)
      return {
        operation,
        count: sorted.length,
        medianMs: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
      }
    })
  }
}

/** The least duration that at least this share of all does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? 0
}
