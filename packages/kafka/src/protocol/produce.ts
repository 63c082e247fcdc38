import { KanneryError } from '@kannery/storage'
import { Reader } from '@platformatic/kafka'

export const produceApiKey = 0
/**
 * Versions of Produce that are used: the least whose fields have lengths as varints (Kafka 2.4),
 * and the one that names topics by id (KIP-516, Kafka 4.0).
 */
export const produceVersions = { least: 9, byTopicId: 13, greatest: 13 } as const

export interface ProduceTarget {
  readonly name: string
  /** The topic's id, 16 bytes. */
  readonly topicIdBytes: Uint8Array
}

export interface PartitionBatch {
  readonly partition: number
  /** Exactly one RecordBatch v2. It goes into the request without a copy. */
  readonly batch: Buffer
}

interface ProduceRequest {
  readonly version: number
  readonly target: ProduceTarget
  /** How long the broker may wait for its replicas, milliseconds. */
  readonly timeoutMs: number
  readonly batches: readonly PartitionBatch[]
}

export interface ProduceResult {
  readonly partition: number
  /** Kafka's error number. 0: the batch is in the log of all in-sync replicas. */
  readonly errorCode: number
  /** Offset of the batch's first record; −1 with an error. */
  readonly baseOffset: number
  readonly errorMessage: string | null
  /** Which records of the batch the broker refused, and why (KIP-467). */
  readonly recordErrors: readonly { readonly index: number; readonly message: string | null }[]
}

export interface ProduceResponse {
  readonly throttleTimeMs: number
  readonly results: readonly ProduceResult[]
}

/** acks=all: a batch is acknowledged when all in-sync replicas have it. */
const allReplicas = -1

/**
 * Encodes a Produce request for one topic, with acks=all and without a transaction. A broker
 * appends only the last of two entries for one partition and refuses two batches in one entry. Both
 * are checked here: one batch per partition per request.
 */
export function encodeProduceRequest(request: ProduceRequest): Uint8Array[] {
  const { version, target, timeoutMs, batches } = request
  assertOneBatchEach(batches)
  const pieces: Uint8Array[] = [encodeBeginning(version, target, timeoutMs, batches.length)]
  for (const { partition, batch } of batches) {
    const entry = Buffer.alloc(9)
    const position = writeUnsignedVarint(entry, batch.length + 1, entry.writeInt32BE(partition, 0))
    pieces.push(entry.subarray(0, position), batch, noTaggedFields)
  }
  // Of the topic, and of the request.
  pieces.push(noTaggedFields, noTaggedFields)
  return pieces
}

/**
 * Decodes a Produce answer.
 *
 * @throws KAFKA_PROTOCOL when the answer is about another topic than the one that was asked for.
 */
export function decodeProduceResponse(frame: Buffer, version: number): ProduceResponse {
  const reader = Reader.from(frame)
  const topics = reader.readArray((topic) => {
    if (version >= produceVersions.byTopicId) topic.readUUID()
    else topic.readString()
    return topic.readArray(readResult)
  })
  const results = topics[0]
  if (results === undefined || topics.length > 1) {
    throw new KanneryError('KAFKA_PROTOCOL', `Produce answered for ${topics.length} topics`, {
      why: 'one topic was written',
    })
  }
  return { results, throttleTimeMs: reader.readInt32() }
}

function readResult(reader: Reader): ProduceResult {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  const baseOffset = Number(reader.readInt64())
  // The time of the append and the log's start offset.
  reader.skip(16)
  const recordErrors = reader.readArray((error) => ({
    index: error.readInt32(),
    message: error.readNullableString(),
  }))
  return {
    partition,
    errorCode,
    baseOffset,
    recordErrors,
    errorMessage: reader.readNullableString(),
  }
}

function encodeBeginning(
  version: number,
  target: ProduceTarget,
  timeoutMs: number,
  batches: number,
): Buffer {
  const name = Buffer.from(target.name)
  const bytes = Buffer.alloc(32 + Math.max(name.length, 16))
  // No transactional id: null is length 0.
  let position = 1
  position = bytes.writeInt16BE(allReplicas, position)
  position = bytes.writeInt32BE(timeoutMs, position)
  position = writeUnsignedVarint(bytes, 2, position)
  if (version >= produceVersions.byTopicId) {
    bytes.set(target.topicIdBytes, position)
    position += 16
  } else {
    position = writeUnsignedVarint(bytes, name.length + 1, position)
    position += name.copy(bytes, position)
  }
  return bytes.subarray(0, writeUnsignedVarint(bytes, batches + 1, position))
}

const noTaggedFields = Buffer.from([0])

function assertOneBatchEach(batches: readonly PartitionBatch[]): void {
  const partitions = new Set(batches.map(({ partition }) => partition))
  if (partitions.size !== batches.length) {
    throw new KanneryError('INTERNAL', 'two batches of one partition in one Produce request')
  }
  for (const { partition, batch } of batches) {
    if (batch.length < 61 || batch.readInt32BE(8) + 12 !== batch.length) {
      throw new KanneryError('INTERNAL', 'not exactly one batch in a Produce request', {
        facts: { partition },
      })
    }
  }
}

function writeUnsignedVarint(bytes: Buffer, value: number, position: number): number {
  let rest = value
  let next = position
  while (rest >= 0x80) {
    bytes[next++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[next++] = rest
  return next
}
