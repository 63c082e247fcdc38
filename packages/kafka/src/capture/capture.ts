import type { CaptureOptions } from './capture-options.ts'
import { CaptureRun } from './capture-run.ts'
import type { CaptureReport } from './observer.ts'

/**
 * Backs topics up, each from where its backup ends. Resolves when everything is stored (mode
 * `once`), or after `signal` is aborted.
 *
 * Topics are independent: what was read of a topic that fails is committed, and the others
 * continue. The first such error is thrown at the end; the others are warnings. A run that follows
 * acquires a lost lease again.
 *
 * Offsets that are gone from Kafka become gaps of the backup. A topic that was created again, and a
 * log that was truncated, continue as a new incarnation. Both are warnings, and are in the report.
 *
 * Segments older than a topic's retention are marked, and deleted a day later: when a topic is
 * opened, every hour, and at the end of a run that does not follow.
 *
 * @throws KAFKA_TOPIC_UNKNOWN for a pattern that finds no topic; KAFKA_TRANSACTION_OPEN;
 *   KAFKA_OFFSETS_LOST when a log became shorter than it was when the run began; KAFKA_*, LEASE_*,
 *   INDEX_*, DATA_*, STORAGE_*.
 */
export function capture(options: CaptureOptions): Promise<CaptureReport> {
  return CaptureRun.start(options)
}
