import { KanneryError } from '@kannery/storage'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'

/**
 * Versions of Produce that are used: the least whose fields have lengths as varints (Kafka 2.4),
 * and the one that names topics by id (KIP-516, Kafka 4.1).
 */
export const produceApi = {
  key: 0,
  name: 'Produce',
  least: 9,
  flexibleFrom: 9,
  byTopicId: 13,
  greatest: 13,
} as const

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
  const beginning = new FrameWriter(flexible)
  // No transactional id.
  beginning.string(null)
  beginning.int16(allReplicas)
  beginning.int32(timeoutMs)
  beginning.unsignedVarint(1 + 1)
  if (version >= produceApi.byTopicId) beginning.bytes(target.topicIdBytes)
  else beginning.string(target.name)
  beginning.unsignedVarint(batches.length + 1)
  const pieces: Uint8Array[] = [beginning.written]
  for (const { partition, batch } of batches) {
    const entry = new FrameWriter(flexible)
    entry.int32(partition)
    entry.unsignedVarint(batch.length + 1)
    pieces.push(entry.written, batch, noTaggedFields)
  }
  // Of the topic, and of the request.
  pieces.push(noTaggedFields, noTaggedFields)
  return pieces
}

/**
 * Decodes a Produce answer.
 *
 * @throws KAFKA_PROTOCOL when the answer is not about exactly one topic; RangeError when the frame
 *   is not a Produce answer of this version.
 */
export function decodeProduceResponse(frame: Buffer, version: number): ProduceResponse {
  const reader = new FrameReader(frame, flexible)
  const topics = reader.structs(() => {
    if (version >= produceApi.byTopicId) reader.uuid()
    else reader.string()
    return reader.structs(() => readResult(reader))
  })
  const results = topics[0]
  if (results === undefined || topics.length > 1) {
    throw new KanneryError('KAFKA_PROTOCOL', `Produce answered for ${topics.length} topics`, {
      why: 'one topic was written',
    })
  }
  const throttleTimeMs = reader.int32()
  reader.end()
  return { results, throttleTimeMs }
}

function readResult(reader: FrameReader): ProduceResult {
  const partition = reader.int32()
  const errorCode = reader.int16()
  const baseOffset = reader.int64()
  // The time of the append and the log's start offset.
  reader.bytes(16)
  const recordErrors = reader.structs(() => ({
    index: reader.int32(),
    message: reader.nullableString(),
  }))
  return {
    partition,
    errorCode,
    baseOffset,
    recordErrors,
    errorMessage: reader.nullableString(),
  }
}

/** All versions that are used are flexible. */
const flexible = { flexible: true } as const
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
