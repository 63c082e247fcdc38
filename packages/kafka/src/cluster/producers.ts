import { describeProducersV0, initProducerIdV2, initProducerIdV4 } from '@platformatic/kafka'
import { callNewest, onlyOne } from './api-call.ts'
import type { BrokerRouter } from './broker-router.ts'
import { assertNoKafkaError } from './errors.ts'

/** The id and epoch that identify an idempotent producer to the brokers (KIP-98). */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A producer that the leader of a partition remembers. */
export interface ActiveProducer extends ProducerIdentity {
  /** Sequence number of the last record that it wrote to the partition. */
  readonly lastSequence: number
  /** Time of that record, milliseconds since 1970. */
  readonly lastTimestamp: number
  /** First offset of its open transaction; undefined when none is open. */
  readonly transactionStart: number | undefined
}

/** Kafka's RecordBatch.NO_PRODUCER_ID and NO_PRODUCER_EPOCH: the broker chooses. */
const noProducerId = -1n
const noProducerEpoch = -1

/** Takes a new producer id, for an idempotent producer without transactions. */
export function initProducerId(router: BrokerRouter): Promise<ProducerIdentity> {
  return router.retrying(async () => {
    const answer = await callNewest(
      await router.toAny(),
      [initProducerIdV4.api, initProducerIdV2.api],
      null,
      router.requestTimeoutMs,
      noProducerId,
      noProducerEpoch,
    )
    assertNoKafkaError(answer.errorCode, { api: 'InitProducerId', operation: 'IdempotentWrite' })
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  })
}

/** Describes the producers that the leader of a partition remembers (KIP-664). */
export function describeProducers(
  router: BrokerRouter,
  topic: string,
  partition: number,
): Promise<readonly ActiveProducer[]> {
  const api = 'DescribeProducers'
  return router.retrying(async () => {
    const answer = await callNewest(
      await router.toLeaderOf(topic, partition),
      [describeProducersV0.api],
      [{ name: topic, partitionIndexes: [partition] }],
    )
    const result = onlyOne(onlyOne(answer.topics, api).partitions, api)
    const detail = result.errorMessage
    assertNoKafkaError(result.errorCode, { api, operation: 'Read', topic, partition, detail })
    return result.activeProducers.map((producer) => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: Number(producer.lastTimestamp),
      transactionStart:
        producer.currentTxnStartOffset < 0n ? undefined : Number(producer.currentTxnStartOffset),
    }))
  })
}
