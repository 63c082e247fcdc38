import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

interface CreateTopicsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: number
    /** −1: the broker's default. */
    readonly replicationFactor: number
    readonly config: Readonly<Record<string, string>>
  }[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}

interface CreateTopicsAnswer extends ThrottledAnswer {
  readonly topics: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    /** Empty when this user may not see it (KIP-525). */
    readonly configs: readonly { readonly name: string; readonly value: string | null }[]
  }[]
}

/** Version 5 is the first whose answer has the configuration (KIP-525, Kafka 2.4). */
export const createTopicsApi: KafkaApi<CreateTopicsRequest, CreateTopicsAnswer> = {
  key: 19,
  name: 'CreateTopics',
  least: 5,
  greatest: 7,
  flexibleFrom: 5,
  encode(writer, { topics, timeoutMs, validateOnly }) {
    writer.structs(topics, ({ name, partitions, replicationFactor, config }) => {
      writer.string(name)
      writer.int32(partitions)
      writer.int16(replicationFactor)
      // No assignments of replicas to brokers.
      writer.structs([], () => undefined)
      writer.structs(Object.entries(config), ([setting, value]) => {
        writer.string(setting)
        writer.string(value)
      })
    })
    writer.int32(timeoutMs)
    writer.boolean(validateOnly)
  },
  decode(reader, version) {
    const throttleTimeMs = reader.int32()
    const topics = reader.structs(() => {
      reader.string()
      if (version >= 7) reader.uuid()
      const errorCode = reader.int16()
      const errorMessage = reader.nullableString()
      // Number of partitions and of replicas.
      reader.bytes(4 + 2)
      const configs = reader.structs(() => {
        const config = { name: reader.string(), value: reader.nullableString() }
        // Whether it is read-only, its source, whether it is secret.
        reader.bytes(3)
        return config
      })
      return { errorCode, errorMessage, configs }
    })
    return { throttleTimeMs, topics }
  },
}
