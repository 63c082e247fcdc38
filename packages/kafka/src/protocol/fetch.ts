import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'

/**
 * Versions of Fetch that are used: 12 is the least with `lastFetchedEpoch` and flexible fields
 * (Kafka 2.7), 13 names topics by id (KIP-516), 15 leaves the replica id out of the body (KIP-903).
 */
export const fetchApi = {
  key: 1,
  name: 'Fetch',
  least: 12,
  flexibleFrom: 12,
  byTopicId: 13,
  withoutReplicaId: 15,
  greatest: 17,
} as const

/** A topic, by its name and its id. */
export interface FetchTopic {
  readonly name: string
  /** The topic's id as Kafka's tools print it: base64url. */
  readonly topicId: string
  /** The same id as 16 bytes. */
  readonly topicIdBytes: Uint8Array
}

/** Where to read a partition. */
export interface FetchPosition {
  readonly topic: FetchTopic
  readonly partition: number
  readonly fetchOffset: number
  /** Leader epoch by the latest metadata. −1: unknown; the broker then does not check it. */
  readonly currentLeaderEpoch: number
  /**
   * Leader epoch of the last batch before `fetchOffset`; −1 when there is none. With it the broker
   * detects truncation (KIP-595).
   */
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
}

/** A Fetch request, before its encoding. */
export interface FetchRequest {
  readonly version: number
  readonly maxWaitMs: number
  readonly minBytes: number
  /** Bound for the whole answer, bytes; one batch that is larger is still served (KIP-74). */
  readonly maxBytes: number
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly positions: readonly FetchPosition[]
  readonly forgotten: readonly Pick<FetchPosition, 'topic' | 'partition'>[]
}

/** An aborted transaction that overlaps an answer. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** The answer for one partition. */
export interface FetchedPartition {
  /** The topic's id (base64url) where the version names topics by id, else its name. */
  readonly topicKey: string
  readonly partition: number
  /** Kafka's error number; 0: none. */
  readonly errorCode: number
  /** Offset after the last record that all in-sync replicas have; −1 with an error. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** All aborted transactions that overlap this answer, ordered by first offset. */
  readonly aborted: readonly AbortedTransaction[]
  /**
   * Batches, perhaps with a partial one at the end. A view of the frame, valid as long as the frame
   * is.
   */
  readonly records: Buffer
  /**
   * Set when the log does not continue what was read before: the greatest epoch at or before the
   * requested one, and where it ends.
   */
  readonly diverging?: { readonly epoch: number; readonly endOffset: number } | undefined
}

/** A decoded Fetch answer. */
export interface FetchResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  /** Id of the fetch session. 0: the broker keeps no session. */
  readonly sessionId: number
  readonly partitions: readonly FetchedPartition[]
}

/** Replica id of a consumer. */
const noReplica = -1
const readCommitted = 1
/** Log start offset, which only followers report. */
const noLogStart = -1
const noRack = ''
/** All versions that are used are flexible. */
const flexible = { flexible: true } as const

/** Returns the key by which an answer of this `version` names the topic. */
export function topicKey(topic: FetchTopic, version: number): string {
  return version >= fetchApi.byTopicId ? topic.topicId : topic.name
}

/**
 * Encodes a consumer's Fetch with isolation READ_COMMITTED (FetchRequest.json of Kafka's clients).
 */
export function encodeFetchRequest(request: FetchRequest): Buffer {
  const { version } = request
  const writer = new FrameWriter(flexible)
  if (version < fetchApi.withoutReplicaId) writer.int32(noReplica)
  writer.int32(request.maxWaitMs)
  writer.int32(request.minBytes)
  writer.int32(request.maxBytes)
  writer.int8(readCommitted)
  writer.int32(request.sessionId)
  writer.int32(request.sessionEpoch)
  writer.structs(groupByTopic(request.positions), ({ topic, partitions }) => {
    writeTopic(writer, topic, version)
    writer.structs(partitions, (position) => writePosition(writer, position))
  })
  writer.structs(groupByTopic(request.forgotten), ({ topic, partitions }) => {
    writeTopic(writer, topic, version)
    writer.array(partitions, ({ partition }) => writer.int32(partition))
  })
  writer.string(noRack)
  writer.taggedFields()
  return writer.written
}

/**
 * Decodes a Fetch answer.
 *
 * @throws RangeError when the frame is not a Fetch answer of this version.
 */
export function decodeFetchResponse(frame: Buffer, version: number): FetchResponse {
  const reader = new FrameReader(frame, flexible)
  const throttleTimeMs = reader.int32()
  const errorCode = reader.int16()
  const sessionId = reader.int32()
  const partitions = reader.structs(() => {
    const key =
      version >= fetchApi.byTopicId ? reader.uuid().toString('base64url') : reader.string()
    return reader.array(() => readPartition(reader, key))
  })
  reader.end()
  return { throttleTimeMs, errorCode, sessionId, partitions: partitions.flat() }
}

function readPartition(reader: FrameReader, key: string): FetchedPartition {
  const partition = reader.int32()
  const errorCode = reader.int16()
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  const logStartOffset = reader.int64()
  const aborted = reader.structs(() => ({
    producerId: reader.bigint64(),
    firstOffset: reader.int64(),
  }))
  // The preferred read replica: none without a rack.
  reader.int32()
  const records = reader.sizedBytes()
  let diverging: FetchedPartition['diverging']
  reader.taggedFields((tag, field) => {
    if (tag === 0) diverging = { epoch: field.int32(), endOffset: field.int64() }
  })
  return {
    topicKey: key,
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    aborted,
    records,
    diverging,
  }
}

interface TopicGroup<T> {
  readonly topic: FetchTopic
  readonly partitions: T[]
}

/**
 * Groups neighbouring partitions of one topic into one entry, and keeps their order: it is the
 * order in which the broker fills its answer.
 */
function groupByTopic<T extends { readonly topic: FetchTopic }>(
  items: readonly T[],
): readonly TopicGroup<T>[] {
  const groups: TopicGroup<T>[] = []
  for (const item of items) {
    const last = groups.at(-1)
    if (last?.topic === item.topic) last.partitions.push(item)
    else groups.push({ topic: item.topic, partitions: [item] })
  }
  return groups
}

function writeTopic(writer: FrameWriter, topic: FetchTopic, version: number): void {
  if (version >= fetchApi.byTopicId) writer.bytes(topic.topicIdBytes)
  else writer.string(topic.name)
}

function writePosition(writer: FrameWriter, position: FetchPosition): void {
  writer.int32(position.partition)
  writer.int32(position.currentLeaderEpoch)
  writer.int64(position.fetchOffset)
  writer.int32(position.lastFetchedEpoch)
  writer.int64(noLogStart)
  writer.int32(position.maxBytes)
}
