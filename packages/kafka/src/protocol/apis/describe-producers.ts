import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

interface DescribeProducersRequest {
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[]
}

interface DescribeProducersAnswer extends ThrottledAnswer {
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly errorCode: number
      readonly errorMessage: string | null
      readonly producers: readonly {
        readonly producerId: bigint
        readonly producerEpoch: number
        readonly lastSequence: number
        /** Milliseconds since 1970. */
        readonly lastTimestamp: number
        /** First offset of the open transaction; −1 when none is open. */
        readonly transactionStart: number
      }[]
    }[]
  }[]
}

/** KIP-664. */
export const describeProducersApi: KafkaApi<DescribeProducersRequest, DescribeProducersAnswer> = {
  key: 61,
  name: 'DescribeProducers',
  least: 0,
  greatest: 0,
  flexibleFrom: 0,
  encode(writer, { topics }) {
    writer.structs(topics, ({ name, partitions }) => {
      writer.string(name)
      writer.array(partitions, (partition) => writer.int32(partition))
    })
  },
  decode(reader) {
    const throttleTimeMs = reader.int32()
    const topics = reader.structs(() => {
      reader.string()
      const partitions = reader.structs(() => {
        reader.int32()
        const errorCode = reader.int16()
        const errorMessage = reader.nullableString()
        const producers = reader.structs(() => {
          const producer = {
            producerId: reader.bigint64(),
            producerEpoch: reader.int32(),
            lastSequence: reader.int32(),
            lastTimestamp: reader.int64(),
          }
          // The epoch of the transaction coordinator.
          reader.int32()
          return { ...producer, transactionStart: reader.int64() }
        })
        return { errorCode, errorMessage, producers }
      })
      return { partitions }
    })
    return { throttleTimeMs, topics }
  },
}
