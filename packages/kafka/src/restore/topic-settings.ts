import type { RetentionChoice } from './restore-options.ts'

/** Configuration of a topic: name → value. */
export type Settings = Readonly<Record<string, string>>

/** Lists of brokers' numbers: they mean nothing in another cluster. */
const brokerLists = [
  'leader.replication.throttled.replicas',
  'follower.replication.throttled.replicas',
]

const never = '9223372036854775807'

/**
 * What a topic gets while it is being restored, so that the broker takes every record as it is, and neither deletes nor compacts
 * any before all are there. Segments do not roll by time: old and new records would be told apart by their timestamps.
 */
export const heldSettings: Settings = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'max.message.bytes': '2147483647',
  'message.timestamp.after.max.ms': never,
  'message.timestamp.before.max.ms': never,
  'message.timestamp.type': 'CreateTime',
  'retention.bytes': '-1',
  'retention.ms': '-1',
  'segment.ms': never,
}

/** What a topic has in the end that keeps its records whatever their age and size. */
const keepEverything: Settings = { 'retention.bytes': '-1', 'retention.ms': '-1' }

/** What the restored topic has in the end. `replicationFactor`: undefined where the brokers choose. */
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

/** What the topic is created with. */
export function settingsWhileRestoring(final: Settings): Settings {
  return { ...final, ...heldSettings }
}

/** The change from {@link settingsWhileRestoring} to `final`. */
export function releaseSettings(final: Settings): {
  readonly set: Settings
  readonly remove: readonly string[]
} {
  const held = Object.keys(heldSettings)
  return {
    set: Object.fromEntries(Object.entries(final).filter(([name]) => held.includes(name))),
    remove: held.filter((name) => final[name] === undefined),
  }
}
