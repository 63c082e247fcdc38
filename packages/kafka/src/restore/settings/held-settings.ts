import type { RestoreEstimate } from '../preflight/restore-estimate.ts'
import type { Settings } from './topic-settings.ts'

/** What decides which settings are held off. */
export interface HoldFacts {
  /** Settings in force with the final configuration; empty if this user may not see them. */
  readonly effective: Settings
  readonly estimate: Pick<RestoreEstimate, 'largestBatchBytes' | 'newest'>
  /** The wall clock, milliseconds. */
  readonly now: number
}

const never = '9223372036854775807'

/**
 * Settings of a topic while it is being restored, so that the broker takes every record as it is,
 * and neither deletes nor compacts any before all are restored. Segments do not roll by time: the
 * timestamps of old records would make many small ones.
 */
const harmless: Settings = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'message.timestamp.type': 'CreateTime',
  'retention.bytes': '-1',
  'retention.ms': '-1',
  'segment.ms': never,
}

/**
 * Kafka's own names for how far a timestamp may be in the past: the second one until 3.9 (KIP-937).
 */
const pastLimits = ['message.timestamp.before.max.ms', 'message.timestamp.difference.max.ms']
const futureLimit = 'message.timestamp.after.max.ms'
/** Settings that bound the size of a batch. */
export const sizeLimits: readonly string[] = ['max.message.bytes', 'segment.bytes']

/** Assumed if brokers do not show their configuration: Kafka's defaults, or what is safe. */
const assumed: Settings = {
  'max.message.bytes': '1048588',
  'message.timestamp.before.max.ms': '0',
  [futureLimit]: '3600000',
}
/** How far the clocks of brokers may be from ours. */
const clockToleranceMs = 600_000

/**
 * Returns the settings with which the topic is created in place of its final ones: no more than
 * these records need, because clusters have bounds, and a setting that a cluster does not know
 * cannot be set.
 */
export function heldSettings(facts: HoldFacts): Settings {
  const effective = isKnown(facts.effective) ? facts.effective : assumed
  const held: Record<string, string> = {}
  for (const [name, value] of Object.entries(harmless)) {
    if (!isInForce(effective[name], value)) held[name] = value
  }
  for (const name of [...pastLimits, futureLimit]) {
    const limit = effective[name]
    if (limit !== undefined && Number(limit) < neededDistance(name, facts)) held[name] = never
  }
  const bytes = neededBytes(facts.estimate)
  for (const name of sizeLimits) {
    const limit = effective[name]
    if (limit !== undefined && Number(limit) < bytes) held[name] = String(bytes)
  }
  return held
}

/** Whether `value` is one that a restore sets while it runs. */
export function isHeld(name: string, value: string): boolean {
  if (sizeLimits.includes(name)) return true
  return [...pastLimits, futureLimit].includes(name) ? value === never : harmless[name] === value
}

/**
 * Whether a topic has the setting that only a restore makes: a restore created it and did not
 * finish.
 */
export function isMarked(overrides: Settings, final: Settings): boolean {
  return overrides['segment.ms'] === never && final['segment.ms'] !== never
}

/** Returns the change that turns a topic with `held` settings into one with `final` settings. */
export function releaseSettings(
  held: Settings,
  final: Settings,
): { readonly set: Settings; readonly remove: readonly string[] } {
  const names = Object.keys(held)
  return {
    set: Object.fromEntries(Object.entries(final).filter(([name]) => names.includes(name))),
    remove: names.filter((name) => final[name] === undefined),
  }
}

/** Returns the greatest size of a batch that a topic with these settings accepts, bytes. */
export function batchLimit(settings: Settings): number {
  return Math.min(...sizeLimits.map((name) => Number(settings[name] ?? Number.POSITIVE_INFINITY)))
}

/**
 * Whether a setting has this value already. Any negative number means no limit: brokers return it
 * as it was configured, for example in hours.
 */
function isInForce(effective: string | undefined, value: string): boolean {
  return effective === value || (value === '-1' && Number(effective) < 0)
}

function isKnown(effective: Settings): boolean {
  return Object.keys(effective).length > 0
}

/**
 * Returns how far from now the topic must accept records, milliseconds. The oldest time is only
 * estimated in indexes.
 */
function neededDistance(name: string, { estimate: { newest }, now }: HoldFacts): number {
  if (name !== futureLimit) return Number(never)
  return newest === undefined ? 0 : newest - now + clockToleranceMs
}

/** Returns the batch size to allow. Records that are encoded again may compress a little less. */
function neededBytes({ largestBatchBytes }: HoldFacts['estimate']): number {
  return largestBatchBytes + (largestBatchBytes >>> 3)
}
