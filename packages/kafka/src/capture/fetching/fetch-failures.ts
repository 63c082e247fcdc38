import { KanneryError } from '@kannery/storage'
import type { ActiveProducer } from '../../cluster/producers.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { SilenceReason } from './silent-leaders.ts'

/** A partition, and what is to be read of it next. */
export interface NextOffset {
  readonly topic: { readonly name: string }
  readonly partition: number
  readonly next: number
}

/** A warning: the leader's log begins at `earliest` by now. */
export function offsetsGone(
  { topic: { name: topic }, partition, next }: NextOffset,
  earliest: number,
): KanneryError {
  return new KanneryError(
    'KAFKA_OFFSETS_LOST',
    `offsets ${next} to ${earliest - 1} of partition ${partition} of topic "${topic}" are gone before they were backed up`,
    {
      why: `retention or DeleteRecords removed them: the leader's log begins at ${earliest}`,
      remedy: `They are noted as a gap, and the backup goes on at offset ${earliest}. Let backups run more often than the retention of the topic.`,
      facts: { topic, partition, next, earliest },
    },
  )
}

/** A warning: the leader's log ends at `latest`, before what was read of it. */
export function logTruncated(
  { topic: { name: topic }, partition, next }: NextOffset,
  latest: number,
): KanneryError {
  return new KanneryError('KAFKA_OFFSETS_LOST', otherHistory(topic, partition), {
    why: `the log ends at ${latest}, and the backup goes to ${next}: the log was truncated`,
    remedy: truncatedRemedy,
    facts: { topic, partition, next, latest },
  })
}

/**
 * A warning: the leader does not have the last epoch of the backup, or leaves it before the backup
 * does, at `epochEnd` (KIP-320, KIP-595).
 */
export function logDiverged(
  {
    topic: { name: topic },
    partition,
    next,
    lastEpoch,
  }: NextOffset & { readonly lastEpoch: number },
  epochEnd: number | undefined,
): KanneryError {
  return new KanneryError('KAFKA_OFFSETS_LOST', otherHistory(topic, partition), {
    why:
      epochEnd === undefined
        ? `the leader's log does not know leader epoch ${lastEpoch}, with which the backup ends: an unclean leader election truncated it`
        : `the leader's log agrees with the backup up to offset ${epochEnd} (leader epoch ${lastEpoch}), and the backup goes to ${next}: an unclean leader election truncated it`,
    remedy: truncatedRemedy,
    facts: {
      topic,
      partition,
      next,
      epoch: lastEpoch,
      ...(epochEnd === undefined ? {} : { endOffset: epochEnd }),
    },
  })
}

function otherHistory(topic: string, partition: number): string {
  return `partition ${partition} of topic "${topic}" has another history than its backup`
}

/** The end of the log fell behind where it was when the run began. */
export function logShrank(
  { topic: { name: topic }, partition }: NextOffset,
  end: number,
  highWatermark: number,
): KanneryError {
  return new KanneryError(
    'KAFKA_OFFSETS_LOST',
    `partition ${partition} of topic "${topic}" ends at ${highWatermark}, and ended at ${end} when the backup began`,
    {
      why: 'records that were acknowledged are gone: an unclean leader election truncated the log',
      remedy: 'What was committed is safe. The next backup goes on with what the log has.',
      facts: { topic, partition, end, highWatermark },
    },
  )
}

const truncatedRemedy =
  'What was committed is kept. The backup goes on with a new incarnation of the topic: its present history, from the start of the log.'

/**
 * The producers whose open transactions hold the records back; none when the broker tells of none.
 */
export function transactionOpen(
  { topic: { name: topic }, partition, next }: NextOffset,
  end: number,
  producers: readonly ActiveProducer[],
): KanneryError {
  const ids = producers.map(({ producerId }) => String(producerId)).join(', ')
  return new KanneryError(
    'KAFKA_TRANSACTION_OPEN',
    `an open transaction holds back offsets ${next} to ${end - 1} of partition ${partition} of topic "${topic}"`,
    {
      retry: 'after-refresh',
      why:
        ids === ''
          ? 'the broker does not tell whose it is'
          : `the transaction of producer id ${ids} has not ended since offset ${Math.min(...producers.map(({ transactionStart }) => transactionStart ?? next))}`,
      remedy:
        'What comes before is backed up. End or abort the transaction, then run the backup again, or let it wait longer for transactions.',
      advice: {
        id: 'end-transaction',
        topic,
        partition,
        startOffset: producers[0]?.transactionStart ?? next,
      },
      facts: { topic, partition, next, end, ...(ids === '' ? {} : { producerId: ids }) },
    },
  )
}

/** The leader has more than `next`, by its own account, and answers every fetch with nothing. */
export function notServed(
  { topic: { name: topic }, partition, next, lastStableOffset }: PartitionCursor,
  reason: SilenceReason,
): KanneryError {
  const serves = `its leader answers every fetch with nothing, although its last stable offset is ${lastStableOffset}`
  return new KanneryError(
    'KAFKA_UNREACHABLE',
    `the leader of partition ${partition} of topic "${topic}" serves nothing from offset ${next} on`,
    reason.kind === 'remote'
      ? {
          retry: 'same-request',
          why: `${serves}; what comes before offset ${reason.localStart} is not on its disk, but in remote storage`,
          remedy:
            'Check that the brokers can read their remote storage, and raise remote.fetch.max.wait.ms or the quota of remote fetches.',
          facts: { topic, partition, next, lastStableOffset, localStart: reason.localStart },
        }
      : {
          retry: 'same-request',
          why: `${serves}, and no compaction explains that: the records should be there`,
          remedy:
            'Check the log of that broker. Where the topic was compacted once, its last records may have been removed: write one more record to the partition.',
          facts: { topic, partition, next, lastStableOffset },
        },
  )
}

/** A warning: another topic has the name by now. */
export function topicRecreated(
  topic: string,
  ids: { readonly backup: string; readonly cluster: string },
): KanneryError {
  return new KanneryError('KAFKA_TOPIC_MISMATCH', `topic "${topic}" is not the one in the backup`, {
    why: `it was deleted and created again: its id is ${ids.cluster}, the backup is of ${ids.backup}`,
    remedy:
      'What was committed is kept. The backup goes on with a new incarnation of the topic, from the start of its log.',
    facts: { topic, topicId: ids.cluster, backupTopicId: ids.backup },
  })
}

/** The broker has not heard yet that the topic was deleted. */
export function topicOutdated(topic: string, topicId: string): KanneryError {
  return new KanneryError(
    'KAFKA_UNREACHABLE',
    `a broker describes topic "${topic}" as it was before it was deleted`,
    {
      retry: 'after-refresh',
      why: `its id is ${topicId}, and the backup has a later topic of that name: the broker has not heard of it yet`,
      remedy: 'Run the backup again: brokers catch up within seconds.',
      facts: { topic, topicId },
    },
  )
}

export function topicDeleted(topic: string): KanneryError {
  return new KanneryError('KAFKA_TOPIC_UNKNOWN', `topic "${topic}" was deleted during the backup`, {
    why: 'the cluster does not know it any more',
    remedy: 'What was committed is safe.',
    facts: { topic },
  })
}
