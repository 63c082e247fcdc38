import { KanneryError } from '@kannery/storage'
import type { ActiveProducer } from '../../cluster/producers.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { SilenceReason } from './silent-leaders.ts'

/** A partition, and the offset to read next. */
interface NextOffset {
  readonly topic: { readonly name: string }
  readonly partition: number
  readonly next: number
}

/** Warns that offsets were lost: the leader's log begins at `earliest` now. */
export function offsetsGone(
  { topic: { name: topic }, partition, next }: NextOffset,
  earliest: number,
): KanneryError {
  return new KanneryError(
    'KAFKA_OFFSETS_LOST',
    `offsets ${next} to ${earliest - 1} of partition ${partition} of topic "${topic}" were lost before they were backed up`,
    {
      why: `retention or DeleteRecords removed them: the leader's log begins at ${earliest}`,
      remedy: `They are entered as a gap, and the backup continues at offset ${earliest}. Let backups run more often than the retention of the topic.`,
      facts: { topic, partition, next, earliest },
    },
  )
}

/** Warns that the leader's log ends at `latest`, before the end of what was read. */
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
 * Warns that the leader does not have the last epoch of the backup, or that the epoch ends earlier
 * there, at `epochEnd` (KIP-320, KIP-595).
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

/** Explains that the log ends before the offset where it ended when the run began. */
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
      remedy: 'What was committed is safe. The next backup continues with what the log has.',
      facts: { topic, partition, end, highWatermark },
    },
  )
}

const truncatedRemedy =
  'What was committed is kept. The backup continues with a new incarnation of the topic: its present history, from the start of the log.'

/**
 * Explains that an open transaction holds records back. `producers` are those that have one; empty
 * when the broker names none.
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
          ? 'the broker does not name its producer'
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

/**
 * Explains that the leader has more than `next`, as it says itself, and answers every fetch with
 * nothing.
 */
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
