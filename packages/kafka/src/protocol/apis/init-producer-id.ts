import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

/** A request for a new producer id, without a transactional id. */
interface InitProducerIdRequest {
  readonly transactionTimeoutMs: number
}

interface InitProducerIdAnswer extends ThrottledAnswer {
  readonly errorCode: number
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Kafka's RecordBatch.NO_PRODUCER_ID and NO_PRODUCER_EPOCH: the broker chooses. */
const noProducerId = -1
const noProducerEpoch = -1

/** KIP-98. */
export const initProducerIdApi: KafkaApi<InitProducerIdRequest, InitProducerIdAnswer> = {
  key: 22,
  name: 'InitProducerId',
  least: 2,
  greatest: 4,
  flexibleFrom: 2,
  encode(writer, { transactionTimeoutMs }, version) {
    writer.string(null)
    writer.int32(transactionTimeoutMs)
    if (version >= 3) {
      writer.int64(noProducerId)
      writer.int16(noProducerEpoch)
    }
  },
  decode(reader) {
    return {
      throttleTimeMs: reader.int32(),
      errorCode: reader.int16(),
      producerId: reader.bigint64(),
      producerEpoch: reader.int16(),
    }
  },
}
