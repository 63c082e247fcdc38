import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

/** A consumer's request, which accepts any current leader epoch. */
interface OffsetForLeaderEpochRequest {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partition: number; readonly leaderEpoch: number }[]
  }[]
}

interface OffsetForLeaderEpochAnswer extends ThrottledAnswer {
  readonly topics: readonly {
    readonly partitions: readonly {
      readonly errorCode: number
      /** The greatest epoch at or before the one that was asked for; −1 when there is none. */
      readonly leaderEpoch: number
      /** Where that epoch ends; −1 when there is none. */
      readonly endOffset: number
    }[]
  }[]
}

const noReplica = -1
const anyLeaderEpoch = -1

/** KIP-320. */
export const offsetForLeaderEpochApi: KafkaApi<
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochAnswer
> = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  least: 3,
  greatest: 4,
  flexibleFrom: 4,
  encode(writer, { topics }) {
    writer.int32(noReplica)
    writer.structs(topics, ({ name, partitions }) => {
      writer.string(name)
      writer.structs(partitions, ({ partition, leaderEpoch }) => {
        writer.int32(partition)
        writer.int32(anyLeaderEpoch)
        writer.int32(leaderEpoch)
      })
    })
  },
  decode(reader) {
    const throttleTimeMs = reader.int32()
    const topics = reader.structs(() => {
      reader.string()
      const partitions = reader.structs(() => {
        const errorCode = reader.int16()
        // The partition.
        reader.int32()
        return { errorCode, leaderEpoch: reader.int32(), endOffset: reader.int64() }
      })
      return { partitions }
    })
    return { throttleTimeMs, topics }
  },
}
