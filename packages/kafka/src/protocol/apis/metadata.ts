import type { FrameReader } from '../frame-reader.ts'
import type { KafkaApi, ThrottledAnswer } from '../kafka-api.ts'

interface MetadataRequest {
  /** Names of topics; null: all that this user may see. */
  readonly topics: readonly string[] | null
  /** Whether to say what this user may do with each topic (KIP-430). */
  readonly includeAllowedOperations: boolean
}

export interface MetadataTopic {
  readonly errorCode: number
  readonly name: string
  /** 16 bytes; all zero before version 10. */
  readonly topicId: Uint8Array
  readonly isInternal: boolean
  readonly partitions: readonly {
    readonly partition: number
    /** Negative while there is none. */
    readonly leader: number
    readonly leaderEpoch: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
  /** Bits by org.apache.kafka.common.acl.AclOperation; the least int32 if not asked for. */
  readonly allowedOperations: number
}

export interface MetadataAnswer extends ThrottledAnswer {
  readonly brokers: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
  readonly clusterId: string | null
  readonly controllerId: number
  readonly topics: readonly MetadataTopic[]
}

const noTopicId = Buffer.alloc(16)
const firstWithTopicIds = 10

/** Version 10 is the first with topic ids (KIP-516, Kafka 2.8). Never creates a topic. */
export const metadataApi: KafkaApi<MetadataRequest, MetadataAnswer> = {
  key: 3,
  name: 'Metadata',
  least: 9,
  greatest: 12,
  flexibleFrom: 9,
  encode(writer, { topics, includeAllowedOperations }, version) {
    writer.structs(topics, (name) => {
      if (version >= firstWithTopicIds) writer.bytes(noTopicId)
      writer.string(name)
    })
    // Must not create a topic that is missing.
    writer.boolean(false)
    // The operations that are allowed on the cluster.
    if (version <= 10) writer.boolean(false)
    writer.boolean(includeAllowedOperations)
  },
  decode(reader, version) {
    const throttleTimeMs = reader.int32()
    const brokers = reader.structs(() => ({
      id: reader.int32(),
      host: reader.string(),
      port: reader.int32(),
      rack: reader.nullableString(),
    }))
    const clusterId = reader.nullableString()
    const controllerId = reader.int32()
    const topics = reader.structs(() => readTopic(reader, version))
    if (version <= 10) reader.int32()
    return { throttleTimeMs, brokers, clusterId, controllerId, topics }
  },
}

function readTopic(reader: FrameReader, version: number): MetadataTopic {
  const errorCode = reader.int16()
  // null, in version 12, only for a topic that was asked for by its id.
  const name = reader.nullableString() ?? ''
  const topicId = version >= firstWithTopicIds ? reader.uuid() : noTopicId
  const isInternal = reader.boolean()
  const partitions = reader.structs(() => {
    // Its error number, which says no more than its leader does.
    reader.int16()
    const partition = {
      partition: reader.int32(),
      leader: reader.int32(),
      leaderEpoch: reader.int32(),
      replicas: reader.array(() => reader.int32()),
      isr: reader.array(() => reader.int32()),
    }
    // Replicas that are offline.
    reader.array(() => reader.int32())
    return partition
  })
  return { errorCode, name, topicId, isInternal, partitions, allowedOperations: reader.int32() }
}
