import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

interface DescribeConfigsRequest {
  /** All settings of each are asked for. */
  readonly resources: readonly {
    /** org.apache.kafka.common.config.ConfigResource.Type */
    readonly type: number
    readonly name: string
  }[]
}

interface DescribeConfigsAnswer extends ThrottledAnswer {
  readonly results: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly configs: readonly {
      readonly name: string
      /** null when it is secret, or has no value. */
      readonly value: string | null
      /** org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource */
      readonly source: number
    }[]
  }[]
}

export const describeConfigsApi: KafkaApi<DescribeConfigsRequest, DescribeConfigsAnswer> = {
  key: 32,
  name: 'DescribeConfigs',
  least: 2,
  greatest: 4,
  flexibleFrom: 4,
  encode(writer, { resources }, version) {
    writer.structs(resources, ({ type, name }) => {
      writer.int8(type)
      writer.string(name)
      writer.array(null, () => undefined)
    })
    // Without synonyms and documentation.
    writer.boolean(false)
    if (version >= 3) writer.boolean(false)
  },
  decode(reader, version) {
    const throttleTimeMs = reader.int32()
    const results = reader.structs(() => {
      const errorCode = reader.int16()
      const errorMessage = reader.nullableString()
      reader.int8()
      reader.string()
      const configs = reader.structs(() => {
        const name = reader.string()
        const value = reader.nullableString()
        // Whether it is read-only.
        reader.boolean()
        const source = reader.int8()
        // Whether it is secret.
        reader.boolean()
        reader.structs(() => {
          // A synonym: its name, value and source.
          reader.string()
          reader.nullableString()
          reader.int8()
        })
        if (version >= 3) {
          // Its type and its documentation.
          reader.int8()
          reader.nullableString()
        }
        return { name, value, source }
      })
      return { errorCode, errorMessage, configs }
    })
    return { throttleTimeMs, results }
  },
}
