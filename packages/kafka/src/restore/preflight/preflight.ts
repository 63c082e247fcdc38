import { type Clock, KanneryError } from '@kannery/storage'
import type { AclOperation } from '../../cluster/acl-operations.ts'
import { kafkaError } from '../../cluster/errors.ts'
import type { KafkaCluster } from '../../cluster/kafka-cluster.ts'
import type { TopicMetadata } from '../../cluster/metadata.ts'
import type { ProducerIdentity } from '../../cluster/producers.ts'
import type { NewTopic } from '../../cluster/topics.ts'
import { errorNumbers } from '../../protocol/error-numbers.ts'
import type { BackupReader } from '../../reading/backup-reader.ts'
import type { Selection } from '../../reading/selection.ts'
import type { RecordTransform } from '../records/record-stage.ts'
import { acceptedSettings, type LeftOutSetting } from '../settings/accepted-settings.ts'
import type { RetentionChoice } from '../settings/topic-settings.ts'
import { finalSettings, type Settings } from '../settings/topic-settings.ts'
import { unfinishedSettings } from '../settings/unfinished-settings.ts'
import type { Findings } from './findings.ts'
import { estimateRestore, type RestoreEstimate } from './restore-estimate.ts'
import {
  checkReplicas,
  checkRetention,
  checkSettings,
  retentionLimit,
  type TargetFacts,
} from './target-checks.ts'

export interface PreflightOptions {
  readonly reader: BackupReader
  readonly cluster: KafkaCluster
  readonly clock: Clock
  readonly selection: Selection
  /** The name of the topic in the target. */
  readonly as: string
  /**
   * Defaults to the source's, but at most the number of brokers; if that is not known, to the
   * cluster's default.
   */
  readonly replicationFactor?: number | undefined
  readonly retention?: RetentionChoice | undefined
  readonly transforms?: readonly RecordTransform[] | undefined
  readonly verify: boolean
}

/** The topic that the records are restored into. */
export type Target =
  | {
      readonly kind: 'new'
      /** The topic to create, with its final configuration. */
      readonly topic: NewTopic
    }
  | {
      /** The topic, which is empty. */
      readonly kind: 'existing'
      readonly topic: TopicMetadata
      /** Partition → the offset after its last one, deleted or not, when it was found empty. */
      readonly endOffsets: ReadonlyMap<number, number>
      /** Settings to finish, if a restore created it. Otherwise its settings stay as they are. */
      readonly unfinished: { readonly held: Settings; readonly final: Settings } | undefined
    }

export interface Preflight extends Inspected {
  readonly identity: ProducerIdentity
  readonly estimate: RestoreEstimate
  /** The wall clock, milliseconds. */
  readonly now: number
}

interface Inspected {
  readonly target: Target
  /** The final effective settings; empty if this user may not see them. */
  readonly settings: Settings
  /** The present effective settings of an existing topic. */
  readonly present: Settings
  readonly leftOut: readonly LeftOutSetting[]
}

/**
 * Checks the target before a byte is written, and changes nothing there. Adds what prevents the
 * restore to `findings`: KAFKA_TOPIC_NOT_EMPTY, KAFKA_TOPIC_MISMATCH, KAFKA_RECORD_REJECTED,
 * KAFKA_DENIED, CONFIG_INVALID. Resolves with undefined if a finding prevented a check.
 *
 * @throws KAFKA_UNREACHABLE; DATA_CORRUPT or STORAGE_* if the pages of the index cannot be read.
 */
export async function preflight(
  options: PreflightOptions,
  findings: Findings,
): Promise<Preflight | undefined> {
  const { cluster, clock, reader, selection, as } = options
  const identity = await findings.collect(() => cluster.initProducerId())
  const inspected = await findings.collect(() => inspect(options, findings))

  const facts: TargetFacts = { topic: as, settings: inspected?.settings ?? {}, now: clock.now() }
  const stored = await estimateRestore(reader, selection, retentionLimit(facts))
  const estimate = withAddedBytes(stored, options.transforms)
  if (options.retention !== 'source') {
    findings.add(...checkRetention(facts, estimate, selection.partitions.size))
  }
  if (inspected?.target.kind === 'existing' && inspected.target.unfinished === undefined) {
    findings.add(...checkSettings(facts, estimate, options.verify))
  }
  if (identity === undefined || inspected === undefined) return undefined
  return { ...inspected, identity, estimate, now: facts.now }
}

/** A batch that becomes too large is split, but the largest one may have a single record. */
function withAddedBytes(
  estimate: RestoreEstimate,
  transforms: readonly RecordTransform[] = [],
): RestoreEstimate {
  if (estimate.largestBatchBytes === 0) return estimate
  const added = transforms.reduce((sum, { mostAddedBytes = 0 }) => sum + mostAddedBytes, 0)
  return { ...estimate, largestBatchBytes: estimate.largestBatchBytes + added }
}

/** Returns an error for each of the `needed` operations on a topic that this user may not do. */
export async function missingPermissions(
  cluster: KafkaCluster,
  topic: string,
  needed: readonly AclOperation[],
): Promise<readonly KanneryError[]> {
  const allowed = await cluster.allowedOperations(topic)
  return needed
    .filter((operation) => !allowed.has(operation))
    .map((operation) =>
      kafkaError(errorNumbers.TOPIC_AUTHORIZATION_FAILED, { api: 'Metadata', operation, topic }),
    )
}

async function inspect(options: PreflightOptions, findings: Findings): Promise<Inspected> {
  const existing = await describe(options.cluster, options.as)
  const replicated = { ...options, replicationFactor: await replicationFactorFor(options) }
  return existing === undefined
    ? inspectNew(replicated)
    : inspectExisting(replicated, existing, findings)
}

/** Describes a topic; undefined if there is none of that name. */
async function describe(cluster: KafkaCluster, topic: string): Promise<TopicMetadata | undefined> {
  const { topics } = await cluster.metadata([topic])
  const [found] = topics
  if (found?.error === undefined) return found
  if (found.error.code === 'KAFKA_TOPIC_UNKNOWN') return undefined
  // A topic whose metadata could not be had is described by the error; one without leaders is
  // waited for.
  if (found.error.retry === 'never') throw found.error
  return cluster.topic(topic)
}

type Replicated = Omit<PreflightOptions, 'replicationFactor'> & {
  readonly replicationFactor: number | undefined
}

/**
 * Returns the replication factor that was asked for, otherwise the source's, but at most the number
 * of brokers; undefined for the cluster's default.
 */
async function replicationFactorFor(options: PreflightOptions): Promise<number | undefined> {
  const { cluster, selection, replicationFactor } = options
  const recorded = selection.incarnation.replicationFactor
  if (replicationFactor !== undefined || recorded === undefined) return replicationFactor
  const { brokers } = await cluster.metadata([])
  return Math.min(recorded, brokers.size)
}

/** Means default.replication.factor in CreateTopics. */
const brokersDefault = -1

function finalOf({ selection, replicationFactor, retention }: Replicated): Settings {
  return finalSettings(selection.incarnation.config, replicationFactor, retention)
}

async function inspectNew(options: Replicated): Promise<Inspected> {
  const { cluster, as, selection, replicationFactor = brokersDefault } = options
  const { partitions } = selection.incarnation
  const topic = { name: as, partitions, replicationFactor, config: finalOf(options) }
  const { final, effective, leftOut } = await acceptedSettings(cluster, topic)
  const target = { kind: 'new', topic: { ...topic, config: final } } as const
  return { target, settings: effective, present: {}, leftOut }
}

async function inspectExisting(
  options: Replicated,
  existing: TopicMetadata,
  findings: Findings,
): Promise<Inspected> {
  const { cluster, as, selection, verify } = options
  const needed: AclOperation[] = ['Write', ...(verify ? ['Read' as const] : [])]
  findings.add(...(await missingPermissions(cluster, as, needed)))
  const least = Math.max(...selection.partitions) + 1
  const { length } = existing.partitions
  if (length < least) findings.add(tooFewPartitions(as, length, least))
  const endOffsets = await cluster.listOffsets(as, 'latest', 'read-uncommitted')
  const filled = await filledPartitions(cluster, as, selection, endOffsets)
  if (filled.size > 0) findings.add(notEmpty(as, filled))

  const config = await findings.collect(() => cluster.describeTopicConfig(as))
  const effective = config?.effective ?? {}
  findings.add(...checkReplicas(existing, effective, selection.partitions))
  const isAlike = length === selection.incarnation.partitions
  const unfinished =
    config === undefined || !isAlike ? undefined : unfinishedSettings(config, finalOf(options))
  return {
    target: { kind: 'existing', topic: existing, endOffsets, unfinished },
    settings:
      unfinished === undefined
        ? effective
        : { ...without(effective, unfinished.held), ...unfinished.final },
    present: effective,
    leftOut: unfinished?.leftOut ?? [],
  }
}

function without(settings: Settings, names: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in names)))
}

/** Returns the selected partitions that are not empty, with the number of offsets in their logs. */
async function filledPartitions(
  cluster: KafkaCluster,
  topic: string,
  { partitions }: Selection,
  endOffsets: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, number>> {
  const earliest = await cluster.listOffsets(topic, 'earliest', 'read-uncommitted')
  const lengths = [...endOffsets].map(
    ([partition, end]) => [partition, end - (earliest.get(partition) ?? 0)] as const,
  )
  return new Map(lengths.filter(([partition, length]) => partitions.has(partition) && length > 0))
}

function notEmpty(topic: string, filled: ReadonlyMap<number, number>): KanneryError {
  const records = [...filled.values()].reduce((sum, length) => sum + length, 0)
  return new KanneryError('KAFKA_TOPIC_NOT_EMPTY', `topic "${topic}" is not empty`, {
    why: `it holds ${records} offsets in partition ${[...filled.keys()].join(', ')}`,
    facts: { topic, offsets: records },
  })
}

function tooFewPartitions(topic: string, has: number, needs: number): KanneryError {
  return new KanneryError(
    'KAFKA_TOPIC_MISMATCH',
    `topic "${topic}" has ${has} partitions, the restore needs ${needs}`,
    {
      why: 'every record goes into the partition that it came from',
      remedy:
        'Add partitions to the topic, restore under another name, or restore fewer partitions.',
      advice: { id: 'fit-partitions', topic },
      facts: { topic, partitions: has, needed: needs },
    },
  )
}
