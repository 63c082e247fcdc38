import { type ErrorDetails, KanneryError } from '@kannery/storage'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { Settings } from '../settings/topic-settings.ts'
import type { RestoreEstimate } from './restore-estimate.ts'

/** What the checks need to know of the topic that is restored into. */
export interface TargetFacts {
  readonly topic: string
  /** Effective settings; empty if this user may not see them. */
  readonly settings: Settings
  /** The wall clock, milliseconds. */
  readonly now: number
}

/**
 * Returns the timestamp before which the topic's retention deletes; undefined if it deletes nothing
 * by time.
 */
export function retentionLimit({ settings, now }: Omit<TargetFacts, 'topic'>): number | undefined {
  const retentionMs = numberOf(settings, 'retention.ms')
  if (!deletes(settings) || retentionMs === undefined || retentionMs < 0) return undefined
  return now - retentionMs
}

/** Finds whether the topic's final retention would delete restored records at once. */
export function checkRetention(
  target: TargetFacts,
  estimate: RestoreEstimate,
  partitions: number,
): KanneryError[] {
  const { topic, settings } = target
  const retentionBytes = numberOf(settings, 'retention.bytes') ?? -1
  const findings: KanneryError[] = []
  if (estimate.olderRecords > 0) {
    findings.push(
      wouldExpire(topic, {
        why: `about ${estimate.olderRecords} of ${estimate.records} records are older than its retention.ms allows: ${settings['retention.ms']}`,
        setting: 'retention.ms',
      }),
    )
  }
  if (deletes(settings) && retentionBytes >= 0 && estimate.bytes > retentionBytes * partitions) {
    findings.push(
      wouldExpire(topic, {
        why: `the backup has ${estimate.bytes} bytes, its retention.bytes leaves room for ${retentionBytes} in each of ${partitions} partitions`,
        setting: 'retention.bytes',
      }),
    )
  }
  return findings
}

/**
 * Finds what in the settings of an existing topic would reject records, or delete them before they
 * are compared.
 */
export function checkSettings(
  target: TargetFacts,
  estimate: RestoreEstimate,
  verify: boolean,
): KanneryError[] {
  return [...checkSizes(target, estimate), ...checkRecordHandling(target, estimate, verify)]
}

/** Finds partitions that have fewer replicas than must be in sync: they acknowledge nothing. */
export function checkReplicas(
  topic: TopicMetadata,
  settings: Settings,
  partitions: ReadonlySet<number>,
): KanneryError[] {
  const needed = numberOf(settings, 'min.insync.replicas') ?? 1
  const short = topic.partitions.find(
    ({ partition, replicas }) => partitions.has(partition) && replicas.length < needed,
  )
  if (short === undefined) return []
  return [
    misfit(topic.name, {
      message: `topic "${topic.name}" cannot acknowledge any record`,
      why: `partition ${short.partition} has ${short.replicas.length} replicas, and its min.insync.replicas is ${needed}`,
      remedy: `Give the topic ${needed} replicas, or a smaller min.insync.replicas.`,
    }),
  ]
}

/** Finds settings that would reject records, or change or delete them before they are compared. */
export function checkRecordHandling(
  target: TargetFacts,
  estimate: RestoreEstimate,
  verify: boolean,
): KanneryError[] {
  return [
    ...checkTimes(target, estimate),
    ...(verify && compacts(target.settings) ? [wouldCompact(target.topic)] : []),
  ]
}

function checkSizes({ topic, settings }: TargetFacts, estimate: RestoreEstimate): KanneryError[] {
  return ['max.message.bytes', 'segment.bytes'].flatMap((name) => {
    const limit = numberOf(settings, name)
    if (limit === undefined || limit >= estimate.largestBatchBytes) return []
    return [
      rejected(topic, {
        why: `the largest batch needs ${estimate.largestBatchBytes} bytes, its ${name} is ${limit}`,
        remedy: `Set ${name} of the topic to at least ${estimate.largestBatchBytes}, or let the restore create the topic.`,
      }),
    ]
  })
}

function checkTimes(
  { topic, settings, now }: TargetFacts,
  estimate: RestoreEstimate,
): KanneryError[] {
  const findings: KanneryError[] = []
  if (settings['message.timestamp.type'] === 'LogAppendTime') {
    findings.push(
      misfit(topic, {
        message: `topic "${topic}" would give the records new timestamps`,
        why: 'its message.timestamp.type is LogAppendTime',
        remedy:
          'Set it to CreateTime until the restore is done, or let the restore create the topic.',
      }),
    )
  }
  const past = estimate.oldest === undefined ? 0 : now - extreme(estimate.oldest)
  const future = estimate.newest === undefined ? 0 : extreme(estimate.newest) - now
  const limits = [
    ['message.timestamp.before.max.ms', past],
    ['message.timestamp.after.max.ms', future],
    // Until Kafka 3.9, in both directions (KIP-937).
    ['message.timestamp.difference.max.ms', Math.max(past, future)],
  ] as const
  for (const [name, distance] of limits) {
    const limit = numberOf(settings, name)
    if (limit === undefined || Math.min(distance, 2 ** 63) <= limit) continue
    findings.push(
      rejected(topic, {
        why: `records are up to ${distance} ms away from now, its ${name} is ${limit}`,
        remedy: `Raise ${name} of the topic until the restore is done, or let the restore create the topic.`,
      }),
    )
  }
  return findings
}

/**
 * Returns the farthest time that a time in the index may stand for: a saturated one stands for any
 * beyond it.
 */
function extreme(time: number): number {
  return Math.abs(time) < Number.MAX_SAFE_INTEGER ? time : Math.sign(time) * 2 ** 63
}

function wouldExpire(
  topic: string,
  { why, setting }: { readonly why: string; readonly setting: string },
): KanneryError {
  return misfit(topic, {
    message: `the retention of topic "${topic}" would delete restored records at once`,
    why,
    remedy: `Keep all records (without a retention, or with ${setting}=-1 on a topic of your own), or restore with the retention of the source and let it delete them.`,
    advice: { id: 'choose-retention', topic, setting },
  })
}

function wouldCompact(topic: string): KanneryError {
  return misfit(topic, {
    message: `topic "${topic}" may be compacted before the records are compared`,
    why: 'its cleanup.policy contains compact',
    remedy:
      'Set cleanup.policy=delete until the restore is done, or let the restore create the topic.',
  })
}

function misfit(
  topic: string,
  { message, ...details }: ErrorDetails & { readonly message: string },
): KanneryError {
  return new KanneryError('KAFKA_TOPIC_MISMATCH', message, { ...details, facts: { topic } })
}

function rejected(
  topic: string,
  { why, remedy }: { readonly why: string; readonly remedy: string },
): KanneryError {
  return new KanneryError('KAFKA_RECORD_REJECTED', `topic "${topic}" would refuse records`, {
    why,
    remedy,
    facts: { topic },
  })
}

function deletes(settings: Settings): boolean {
  return policies(settings).includes('delete')
}

function compacts(settings: Settings): boolean {
  return policies(settings).includes('compact')
}

function policies(settings: Settings): readonly string[] {
  return (settings['cleanup.policy'] ?? '').split(',').map((policy) => policy.trim())
}

function numberOf(settings: Settings, name: string): number | undefined {
  const text = settings[name]
  return text === undefined ? undefined : Number(text)
}
