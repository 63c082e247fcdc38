import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

interface IncrementalAlterConfigsRequest {
  readonly resources: readonly {
    /** org.apache.kafka.common.config.ConfigResource.Type */
    readonly type: number
    readonly name: string
    readonly changes: readonly {
      readonly name: string
      /** org.apache.kafka.clients.admin.AlterConfigOp.OpType */
      readonly operation: number
      /** null where a setting is removed. */
      readonly value: string | null
    }[]
  }[]
  readonly validateOnly: boolean
}

interface IncrementalAlterConfigsAnswer extends ThrottledAnswer {
  readonly results: readonly { readonly errorCode: number; readonly errorMessage: string | null }[]
}

/** KIP-339. */
export const incrementalAlterConfigsApi: KafkaApi<
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsAnswer
> = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  least: 0,
  greatest: 1,
  flexibleFrom: 1,
  encode(writer, { resources, validateOnly }) {
    writer.structs(resources, ({ type, name: resource, changes }) => {
      writer.int8(type)
      writer.string(resource)
      writer.structs(changes, ({ name, operation, value }) => {
        writer.string(name)
        writer.int8(operation)
        writer.string(value)
      })
    })
    writer.boolean(validateOnly)
  },
  decode(reader) {
    const throttleTimeMs = reader.int32()
    const results = reader.structs(() => {
      const result = { errorCode: reader.int16(), errorMessage: reader.nullableString() }
      reader.int8()
      reader.string()
      return result
    })
    return { throttleTimeMs, results }
  },
}
