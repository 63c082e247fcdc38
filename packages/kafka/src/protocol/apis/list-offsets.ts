import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

/** A consumer's request, which accepts any leader epoch. */
interface ListOffsetsRequest {
  /** org.apache.kafka.common.IsolationLevel */
  readonly isolationLevel: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly {
      readonly partition: number
      /** Milliseconds since 1970, or one of the constants of Kafka's ListOffsetsRequest. */
      readonly timestamp: number
    }[]
  }[]
}

interface ListOffsetsAnswer extends ThrottledAnswer {
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      /** −1 when there is none. */
      readonly offset: number
    }[]
  }[]
}

const noReplica = -1
const anyLeaderEpoch = -1

/** Version 8 knows the first offset on the leader's own disk (KIP-405, Kafka 3.6). */
export const listOffsetsApi: KafkaApi<ListOffsetsRequest, ListOffsetsAnswer> = {
  key: 2,
  name: 'ListOffsets',
  least: 5,
  greatest: 8,
  flexibleFrom: 6,
  encode(writer, { isolationLevel, topics }) {
    writer.int32(noReplica)
    writer.int8(isolationLevel)
    writer.structs(topics, ({ name, partitions }) => {
      writer.string(name)
      writer.structs(partitions, ({ partition, timestamp }) => {
        writer.int32(partition)
        writer.int32(anyLeaderEpoch)
        writer.int64(timestamp)
      })
    })
  },
  decode(reader) {
    const throttleTimeMs = reader.int32()
    const topics = reader.structs(() => {
      reader.string()
      const partitions = reader.structs(() => {
        const partition = reader.int32()
        const errorCode = reader.int16()
        // The time of the record at the offset.
        reader.bytes(8)
        const offset = reader.int64()
        // The leader epoch of that record.
        reader.int32()
        return { partition, errorCode, offset }
      })
      return { partitions }
    })
    return { throttleTimeMs, topics }
  },
}
