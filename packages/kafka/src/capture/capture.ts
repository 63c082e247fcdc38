import type { CaptureOptions } from './capture-options.ts'
import { CaptureRun } from './capture-run.ts'
import type { CaptureReport } from './observer.ts'

/**
 * Backs topics up, from where their backups end. Resolves when all is stored (once), or after
 * `signal`.
 *
 * One topic's trouble is not another's: a topic that fails is committed as far as it came, and the
 * others go on. The first such error is thrown at the end; others are warnings. A lease that is
 * lost while following is contended for again.
 *
 * Offsets that are gone from Kafka become gaps of the backup; a topic that was created again, and a
 * log that was truncated, go on as a new incarnation. Both are warnings, and in the report.
 *
 * What is older than a topic's retention is marked, and deleted a day later: when the topic is
 * taken up, every hour, and at the end of a run that does not follow.
 *
 * @throws KAFKA_TOPIC_UNKNOWN for a pattern that finds no topic; KAFKA_TRANSACTION_OPEN,
 *   KAFKA_OFFSETS_LOST when a log shrank behind what was read of it; KAFKA_*, LEASE_*, INDEX_*,
 *   DATA_*, STORAGE_*.
 */
export function capture(options: CaptureOptions): Promise<CaptureReport> {
  return CaptureRun.start(options)
}
