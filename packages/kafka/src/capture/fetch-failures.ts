import { KanneryError } from '@kannery/storage'
import type { ActiveProducer } from '../cluster/kafka-cluster.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { SilenceReason } from './silent-leaders.ts'

/** A partition, and what is to be read of it next. */
export interface NextOffset {
  readonly topic: { readonly name: string }
  readonly partition: number
  readonly next: number
}

/** The broker does not have the next offset. `earliest` and `latest`: what it has. */
export function offsetsLost(
  { topic: { name: topic }, partition, next }: NextOffset,
  { earliest, latest }: { readonly earliest: number; readonly latest: number },
): KanneryError {
  const facts = { topic, partition, next, earliest, latest }
  const message = `partition ${partition} of topic "${topic}" cannot be continued at offset ${next}`
  if (next < earliest) {
    return new KanneryError('KAFKA_OFFSETS_LOST', message, {
      why: `offsets ${next} to ${earliest - 1} are gone: retention or DeleteRecords removed them before they were backed up`,
      remedy:
        'What was committed is safe. Back the topic up into another prefix to go on with what is left, and let backups run more often than the retention.',
      facts,
    })
  }
  return new KanneryError('KAFKA_OFFSETS_LOST', message, {
    why:
      next > latest
        ? `the log ends at ${latest}, before what was backed up: it was truncated`
        : 'the broker does not know the leader epoch of what was backed up: the log was truncated and written anew',
    remedy: truncatedRemedy,
    facts,
  })
}

/** The leader says that the log has another history than what was read (KIP-595). */
export function logDiverged(
  { topic: { name: topic }, partition, next }: NextOffset,
  diverging: { readonly epoch: number; readonly endOffset: number },
): KanneryError {
  return new KanneryError(
    'KAFKA_OFFSETS_LOST',
    `partition ${partition} of topic "${topic}" has another history than its backup`,
    {
      why: `the leader's log agrees with the backup only up to offset ${diverging.endOffset} (leader epoch ${diverging.epoch}), and the backup goes to ${next}: an unclean leader election truncated the log`,
      remedy: truncatedRemedy,
      facts: { topic, partition, next, endOffset: diverging.endOffset, epoch: diverging.epoch },
    },
  )
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
      remedy: truncatedRemedy,
      facts: { topic, partition, end, highWatermark },
    },
  )
}

const truncatedRemedy =
  'What was committed is safe. Back the topic up into another prefix to go on with its present history.'

/** The producers whose open transactions hold the records back; none when the broker tells of none. */
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
      remedy: `What comes before is backed up. End the transaction, or abort it: kafka-transactions abort --topic '${topic}' --partition ${partition} --start-offset ${producers[0]?.transactionStart ?? next}; then run the backup again, or with more --transaction-patience.`,
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
          why: `${serves}, and the topic is not compacted: the records should be there`,
          remedy:
            'Check the log of that broker. Where the topic was compacted once, its last records may have been removed: write one more record to the partition.',
          facts: { topic, partition, next, lastStableOffset },
        },
  )
}

export function topicRecreated(
  topic: string,
  ids: { readonly backup: string; readonly cluster: string },
): KanneryError {
  return new KanneryError('KAFKA_TOPIC_MISMATCH', `topic "${topic}" is not the one in the backup`, {
    why: `it was deleted and created again: its id is ${ids.cluster}, the backup is of ${ids.backup}`,
    remedy: 'The backup is left as it is. Back the new topic up into another prefix.',
    facts: { topic, topicId: ids.cluster, backupTopicId: ids.backup },
  })
}

export function topicDeleted(topic: string): KanneryError {
  return new KanneryError('KAFKA_TOPIC_UNKNOWN', `topic "${topic}" was deleted during the backup`, {
    why: 'the cluster does not know it any more',
    remedy: 'What was committed is safe.',
    facts: { topic },
  })
}
