import { Findings } from './preflight/findings.ts'
import type { RestoreOptions, RestoreReport } from './restore-options.ts'
import { TopicRestore } from './topic-restore.ts'

/**
 * Restores one topic of a backup into Kafka: key, value, headers, timestamp and order of every
 * record, in the partition that it came from. The target must be absent (it is then created as it
 * was) or empty (it is then used as it is). Nothing is written before all checks of the target have
 * passed; the topic's own configuration is set last, after the comparison.
 *
 * @throws what stands against it, all at once; VERIFY_FAILED; RESTORE_INCOMPLETE; INTERRUPTED;
 *   DATA_CORRUPT; KAFKA_* when the brokers refuse. Once something was written, the error says how
 *   much.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { observer, signal } = options
  const findings = new Findings()
  const prepared = findings.require(await TopicRestore.prepare(options, findings))
  observer.onPlanned?.(prepared.plan)
  signal?.throwIfAborted()
  return await prepared.run()
}
