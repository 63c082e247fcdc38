import { KanneryError } from '@kannery/storage'
import type { AclOperation } from '../cluster/acl-operations.ts'
import { kafkaError } from '../cluster/errors.ts'
import type { KafkaCluster } from '../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../cluster/metadata.ts'
import { errorNumbers } from '../protocol/error-numbers.ts'
import type { Selection } from '../reading/selection.ts'
import { Findings } from './preflight/findings.ts'
import { missingPermissions, type Preflight } from './preflight/preflight.ts'
import { checkRecordHandling, checkReplicas } from './preflight/target-checks.ts'
import { createHeldTopic } from './settings/create-topic.ts'
import { batchLimit, heldSettings, releaseSettings } from './settings/held-settings.ts'
import type { Settings } from './settings/topic-settings.ts'

/** A topic of the target cluster that is ready for the first record. */
export interface Destination {
  readonly topic: TopicMetadata
  /** Offset at which the first record of each restored partition lands, by partition. */
  readonly startOffsets: ReadonlyMap<number, number>
  readonly maxBatchBytes: number
  /** Gives the topic its own configuration, as far as it was held off during the restore. */
  finish(): Promise<void>
}

interface OpenedTopic {
  readonly topic: TopicMetadata
  readonly maxBatchBytes: number
  /** undefined: the topic is left as it is. */
  readonly settings: { readonly held: Settings; readonly final: Settings } | undefined
}

/**
 * Creates the topic where it is absent, with a configuration that neither deletes nor changes
 * records.
 *
 * @throws KAFKA_DENIED when this user may not do with the new topic what the restore needs,
 *   CONFIG_INVALID when the cluster would not take its final configuration; it is then there, and
 *   empty.
 */
export async function openDestination(
  cluster: KafkaCluster,
  checked: Preflight,
  { selection, verify }: { readonly selection: Selection; readonly verify: boolean },
): Promise<Destination> {
  const { topic, maxBatchBytes, settings } = await openTopic(cluster, checked, verify)
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
  return {
    topic,
    maxBatchBytes,
    startOffsets: await endOffsets(cluster, name, selection.partitions),
    finish: async () => {
      try {
        await cluster.alterTopicConfig(name, release.set, release.remove)
      } catch (error) {
        throw KanneryError.is(error) ? unfinished(error, name, release) : error
      }
    },
  }
}

async function openTopic(
  cluster: KafkaCluster,
  { target, settings, present, estimate, now }: Preflight,
  verify: boolean,
): Promise<OpenedTopic> {
  if (target.kind === 'existing') {
    const { topic, unfinished: known } = target
    return { topic, settings: known, maxBatchBytes: batchLimit(present) }
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
    settings: { held: created.held, final: target.topic.config },
    maxBatchBytes: batchLimit({ ...settings, ...created.held }),
  }
}

/** Partition → the offset after its last record. */
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

/** The error for a topic that has all records, but not its configuration. */
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
  return error.with({
    message: `topic "${topic}" did not get its final configuration`,
    why: `${error.message}${error.why === undefined ? '' : `: ${error.why}`}`,
    remedy: `All records are there. Give the topic its configuration yourself: ${lines.join('; ')}.`,
    facts: { topic },
  })
}
