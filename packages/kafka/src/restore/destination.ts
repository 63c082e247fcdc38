import { KanneryError } from '@kannery/storage'
import type { AclOperation } from '../cluster/acl-operations.ts'
import { fullReason, kafkaError } from '../cluster/errors.ts'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../cluster/metadata.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { Selection } from '../reading/selection.ts'
import { Findings } from './preflight/findings.ts'
import { missingPermissions, type Preflight, type Target } from './preflight/preflight.ts'
import { checkRecordHandling, checkReplicas } from './preflight/target-checks.ts'
import { assertSameTopic } from './producing/topic-producer.ts'
import { createHeldTopic } from './settings/create-topic.ts'
import { batchLimit, heldSettings, releaseSettings } from './settings/held-settings.ts'
import type { Settings } from './settings/topic-settings.ts'

/** A topic of the target cluster that is ready for the first record. */
export interface Destination {
  readonly topic: TopicMetadata
  /** Offset at which the first record of each restored partition lands, by partition. */
  readonly startOffsets: ReadonlyMap<number, number>
  readonly maxBatchBytes: number
  /**
   * Gives the topic its final configuration, as far as that was held off during the restore.
   *
   * @throws KAFKA_TOPIC_MISMATCH when the topic was deleted and created again since it was opened,
   *   KAFKA_TOPIC_UNKNOWN when it was deleted: not all records are in it then, and nothing was
   *   changed. Any other error names the settings that are left to change.
   */
  finish(): Promise<void>
}

/** A topic that the restore created, or found empty. */
export interface OpenedTopic {
  readonly topic: TopicMetadata
  readonly isCreated: boolean
  readonly maxBatchBytes: number
  /** What `finish` changes. If undefined, the topic's configuration stays as it is. */
  readonly settings: { readonly held: Settings; readonly final: Settings } | undefined
}

/**
 * Checks an opened topic once more, and writes nothing: hours may pass between the preflight and
 * the turn of a topic.
 *
 * @throws KAFKA_TOPIC_MISMATCH when the topic was deleted and created again after the preflight,
 *   KAFKA_TOPIC_NOT_EMPTY when another producer wrote into it, KAFKA_DENIED when this user may not
 *   do with a created topic what the restore needs, CONFIG_INVALID when the cluster would not take
 *   its final configuration.
 */
export async function openDestination(
  cluster: KafkaCluster,
  { topic, maxBatchBytes, settings }: OpenedTopic,
  checked: Pick<Preflight, 'settings' | 'target'>,
  {
    selection,
    verify,
  }: { readonly selection: Pick<Selection, 'partitions'>; readonly verify: boolean },
): Promise<Destination> {
  const { name } = topic
  const release = releaseSettings(settings?.held ?? {}, settings?.final ?? {})
  if (settings !== undefined) {
    const findings = new Findings()
    const needed: AclOperation[] = ['Write']
    if (Object.keys(settings.held).length > 0) needed.push('AlterConfigs')
    if (verify) needed.push('Read')
    findings.add(...(await missingPermissions(cluster, name, needed)))
    findings.add(...checkReplicas(topic, checked.settings, selection.partitions))
    findings.throwIfAny()
    await cluster.validateTopicConfig(name, release.set, release.remove)
  }
  const startOffsets = await endOffsets(cluster, name, selection.partitions)
  // Asked last: what was checked before this was checked on the topic that has this id.
  const present = await cluster.topic(name)
  assertSameTopic(topic, present)
  assertNothingWritten(checked.target, startOffsets)
  return {
    topic: present,
    maxBatchBytes,
    startOffsets,
    finish: async () => {
      try {
        assertSameTopic(topic, await cluster.topic(name))
        await cluster.alterTopicConfig(name, release.set, release.remove)
      } catch (error) {
        throw KanneryError.is(error) ? unfinished(error, name, release) : error
      }
    },
  }
}

function assertNothingWritten(target: Target, endOffsets: ReadonlyMap<number, number>): void {
  const before = target.kind === 'existing' ? target.endOffsets : new Map<number, number>()
  const changed = [...endOffsets].filter(([partition, end]) => end !== (before.get(partition) ?? 0))
  const [first] = changed
  if (first === undefined) return
  const [partition, end] = first
  const { name } = target.topic
  const message = `topic "${name}" was written to after it was checked`
  throw new KanneryError('KAFKA_TOPIC_NOT_EMPTY', message, {
    why: `partition ${partition} ended at offset ${before.get(partition) ?? 0} then, and ends at ${end} now`,
    facts: { topic: name, partitions: changed.map(([number]) => number).join(',') },
  })
}

/**
 * Creates the topic if it is absent, with a configuration that neither deletes nor changes records.
 *
 * @throws KAFKA_*, CONFIG_INVALID: nothing was created then, unless the message says so.
 */
export async function openTopic(
  cluster: KafkaCluster,
  { target, settings, present, estimate, now }: Preflight,
  verify: boolean,
): Promise<OpenedTopic> {
  if (target.kind === 'existing') {
    const { topic, unfinished: known } = target
    return { topic, isCreated: false, settings: known, maxBatchBytes: batchLimit(present) }
  }
  const held = heldSettings({ effective: settings, estimate, now })
  const created = await createHeldTopic(cluster, { topic: target.topic, held }, (fewer) => {
    const findings = new Findings()
    const facts = { topic: target.topic.name, settings: { ...settings, ...fewer }, now }
    findings.add(...checkRecordHandling(facts, estimate, verify))
    findings.throwIfAny()
  })
  return {
    topic: created.topic,
    isCreated: true,
    settings: { held: created.held, final: target.topic.config },
    maxBatchBytes: batchLimit({ ...settings, ...created.held }),
  }
}

/** Returns the offset after the last record of each of `partitions`. */
export async function endOffsets(
  cluster: KafkaCluster,
  topic: string,
  partitions: ReadonlySet<number>,
): Promise<ReadonlyMap<number, number>> {
  const ends = await cluster.listOffsets(topic, 'latest', 'read-uncommitted')
  return new Map(
    Array.from(partitions, (partition) => {
      const end = ends.get(partition)
      if (end === undefined)
        throw kafkaError(errorNumbers.UNKNOWN_TOPIC_OR_PARTITION, {
          api: 'ListOffsets',
          topic,
          partition,
        })
      return [partition, end] as const
    }),
  )
}

/**
 * Explains that a topic has all records, but not its final configuration. Returns the error itself
 * if the topic is gone, or no setting is left to change.
 */
function unfinished(
  error: KanneryError,
  topic: string,
  { set, remove }: ReturnType<typeof releaseSettings>,
): KanneryError {
  const values = Object.entries(set).map(([name, value]) => `${name}=${value}`)
  const lines = [
    ...(values.length === 0 ? [] : [`set ${values.join(', ')}`]),
    ...(remove.length === 0 ? [] : [`remove ${remove.join(', ')}`]),
  ]
  const isGone = error.code === 'KAFKA_TOPIC_MISMATCH' || error.code === 'KAFKA_TOPIC_UNKNOWN'
  if (isGone || lines.length === 0) return error
  return error.with({
    message: `topic "${topic}" did not get its final configuration`,
    why: fullReason(error),
    remedy: `All records were restored. Give the topic its configuration yourself: ${lines.join('; ')}.`,
    facts: { topic },
  })
}
