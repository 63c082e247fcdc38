/** Configuration of a topic: name → value. */
export type Settings = Readonly<Record<string, string>>

/**
 * What to do if the retention of a topic would delete restored records at once. `source`: the topic
 * gets the retention that it had, whatever that deletes. `keep`: a topic that is created keeps
 * everything.
 */
export type RetentionChoice = 'source' | 'keep'

/** Settings that list numbers of brokers, which mean nothing in another cluster. */
const brokerLists = [
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
]

/** Settings that keep all records, whatever their age and size. */
const keepEverything: Settings = { 'retention.bytes': '-1', 'retention.ms': '-1' }

/**
 * Returns the final settings of a restored topic. `replicationFactor` is undefined if the brokers
 * choose it.
 */
export function finalSettings(
  source: Settings,
  replicationFactor: number | undefined,
  retention?: RetentionChoice,
): Settings {
  const settings: Record<string, string> = {
    ...Object.fromEntries(Object.entries(source).filter(([name]) => !brokerLists.includes(name))),
    ...(retention === 'keep' ? keepEverything : {}),
  }
  const least = Number(settings['min.insync.replicas'] ?? 1)
  // With fewer replicas than must be in sync, nothing could be written.
  if (replicationFactor !== undefined && least > replicationFactor) {
    settings['min.insync.replicas'] = String(replicationFactor)
  }
  return settings
}
