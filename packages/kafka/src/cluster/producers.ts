import { describeProducersApi } from '../protocol/apis/describe-producers.ts'
import { initProducerIdApi } from '../protocol/apis/init-producer-id.ts'
import { onlyOne } from './api-call.ts'
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

/** Takes a new producer id, for an idempotent producer without transactions. */
export function initProducerId(router: BrokerRouter): Promise<ProducerIdentity> {
  return router.retrying(async () => {
    const broker = await router.toAny()
    const answer = await broker.call(initProducerIdApi, {
      transactionTimeoutMs: router.requestTimeoutMs,
    })
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
    const leader = await router.toLeaderOf(topic, partition)
    const answer = await leader.call(describeProducersApi, {
      topics: [{ name: topic, partitions: [partition] }],
    })
    const result = onlyOne(onlyOne(answer.topics, api).partitions, api)
    const detail = result.errorMessage
    assertNoKafkaError(result.errorCode, { api, operation: 'Read', topic, partition, detail })
    return result.producers.map(({ transactionStart, ...producer }) => ({
      ...producer,
      transactionStart: transactionStart < 0 ? undefined : transactionStart,
    }))
  })
}
