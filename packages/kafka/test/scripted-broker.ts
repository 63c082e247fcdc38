import { Reader, Writer } from '@platformatic/kafka'
import type { AbortedTransaction, FetchTopic } from '../src/protocol/fetch.ts'
import { walkBatches } from '../src/record-batch/header.ts'
import type { BrokerConnection } from '../src/transport/broker-connection.ts'
import type { BrokerRequest } from '../src/transport/broker-request.ts'

export interface ScriptedPartition {
  readonly batches: Buffer[]
  highWatermark: number
  lastStableOffset: number
  /** Answered instead of batches. */
  errorCode?: number
  aborted?: readonly AbortedTransaction[]
  /** The log goes another way than what was read. */
  diverging?: { readonly epoch: number; readonly endOffset: number }
}

export interface AskedPosition {
  readonly partition: number
  readonly fetchOffset: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
}

/** What one request said. */
export interface AskedFetch {
  readonly session: readonly [id: number, epoch: number]
  readonly maxWaitMs: number
  readonly positions: readonly AskedPosition[]
  readonly forgotten: readonly number[]
}

/** What is wrong with one answer. */
export interface AnswerFault {
  readonly errorCode?: number
  readonly throttleTimeMs?: number
  /** No partition at all, as a broker answers that throttles. */
  readonly nothing?: boolean
  /**
   * All partitions that were asked for, without records, as a broker answers whose remote storage
   * is slow (KIP-405).
   */
  readonly empty?: boolean
  /** The last byte of each partition's records is another one. */
  readonly damaged?: boolean
  /** These bytes instead of an answer. */
  readonly bytes?: Buffer
  /** The connection breaks instead. */
  readonly broken?: Error
}

const version = 17
const sessionId = 4711
const address = { host: 'scripted', port: 9092 }

/**
 * A broker that serves Fetch for one topic out of memory, with fetch sessions as KIP-227 has them.
 * It answers at once; what does not fit into a partition's byte limit is cut, in the middle of a
 * batch too, as brokers before KIP-74 did.
 */
export class ScriptedBroker {
  readonly topic: FetchTopic
  readonly partitions = new Map<number, ScriptedPartition>()
  readonly asked: AskedFetch[] = []
  /** By the number of the request, from 0. */
  readonly faults = new Map<number, AnswerFault>()
  connections = 0
  #session = new Map<number, AskedPosition>()

  constructor(topic: FetchTopic) {
    this.topic = topic
  }

  /** For who opens connections. */
  readonly cluster = {
    openConnection: async (): Promise<BrokerConnection> => {
      this.connections += 1
      const connection = {
        address,
        pickVersion: () => version,
        throttle: () => undefined,
        request: (request: BrokerRequest) => this.#request(request),
        [Symbol.asyncDispose]: async () => undefined,
      }
      return connection as unknown as BrokerConnection
    },
  }

  fill(partition: number, ...batches: readonly Buffer[]): ScriptedPartition {
    const next = [...walkBatches(Buffer.concat(batches))].at(-1)?.nextOffset ?? 0
    const scripted = { batches: [...batches], highWatermark: next, lastStableOffset: next }
    this.partitions.set(partition, scripted)
    return scripted
  }

  async #request({ body }: BrokerRequest): Promise<Buffer> {
    const fault = this.faults.get(this.asked.length) ?? {}
    const asked = readRequest(Buffer.concat(body))
    this.asked.push(asked)
    if (fault.broken !== undefined) throw fault.broken
    if (fault.bytes !== undefined) return fault.bytes
    if (asked.session[1] === 0) this.#session = new Map()
    for (const partition of asked.forgotten) this.#session.delete(partition)
    for (const position of asked.positions) this.#session.set(position.partition, position)
    const full = asked.session[1] === 0
    const answered = [...this.#session.values()].filter(
      (position) => full || this.#says(position) || asked.positions.includes(position),
    )
    return this.#answer(fault, fault.nothing === true || fault.errorCode ? [] : answered)
  }

  #says({ partition, fetchOffset }: AskedPosition): boolean {
    const scripted = this.partitions.get(partition)
    if (scripted === undefined) return false
    const { errorCode, diverging, lastStableOffset } = scripted
    return (errorCode ?? diverging) !== undefined || fetchOffset < lastStableOffset
  }

  #answer(fault: AnswerFault, positions: readonly AskedPosition[]): Buffer {
    const writer = Writer.create()
      .appendInt32(fault.throttleTimeMs ?? 0)
      .appendInt16(fault.errorCode ?? 0)
      .appendInt32(sessionId)
    const topics = positions.length === 0 ? [] : [this.topic]
    writer.appendArray(topics, () => {
      writer.append(Buffer.from(this.topic.topicIdBytes))
      const answerOne = (_: Writer, position: AskedPosition): void =>
        this.#answerOne(writer, position, fault)
      writer.appendArray([...positions], answerOne, true, false)
    })
    return writer.appendTaggedFields().buffer
  }

  #answerOne(
    writer: Writer,
    position: AskedPosition,
    { empty = false, damaged = false }: AnswerFault,
  ): void {
    const { partition, fetchOffset, maxBytes } = position
    const scripted = this.partitions.get(partition) ?? this.fill(partition)
    const { errorCode = 0, highWatermark, lastStableOffset, aborted = [], diverging } = scripted
    const readable = scripted.batches.filter((batch) => {
      const [header] = walkBatches(batch)
      return (
        header !== undefined &&
        header.nextOffset > fetchOffset &&
        header.baseOffset < lastStableOffset
      )
    })
    const served = errorCode === 0 && diverging === undefined && !empty
    const records = served ? Buffer.concat(readable).subarray(0, maxBytes) : Buffer.alloc(0)
    if (damaged && records.length > 0) {
      const last = records.length - 1
      records.writeUInt8(records.readUInt8(last) ^ 1, last)
    }
    writer.appendInt32(partition).appendInt16(errorCode)
    writer.appendInt64(BigInt(highWatermark)).appendInt64(BigInt(lastStableOffset)).appendInt64(0n)
    writer.appendArray([...aborted], (_, { producerId, firstOffset }) => {
      writer.appendInt64(producerId).appendInt64(BigInt(firstOffset))
    })
    writer
      .appendInt32(-1)
      .appendUnsignedVarInt(records.length + 1)
      .append(records)
    writeDiverging(writer, diverging)
  }
}

/** The tagged field 0 of a partition, if it has it. */
function writeDiverging(writer: Writer, diverging: ScriptedPartition['diverging']): void {
  writer.appendUnsignedVarInt(diverging === undefined ? 0 : 1)
  if (diverging === undefined) return
  writer.appendUnsignedVarInt(0).appendUnsignedVarInt(13).appendInt32(diverging.epoch)
  writer.appendInt64(BigInt(diverging.endOffset)).appendUnsignedVarInt(0)
}

function readRequest(bytes: Buffer): AskedFetch {
  const reader = Reader.from(bytes)
  const maxWaitMs = reader.readInt32()
  reader.skip(9)
  const session = [reader.readInt32(), reader.readInt32()] as const
  const positions = reader.readArray(() => {
    reader.readUUID()
    return reader.readArray(() => {
      const [partition, currentLeaderEpoch] = [reader.readInt32(), reader.readInt32()]
      const [fetchOffset, lastFetchedEpoch] = [Number(reader.readInt64()), reader.readInt32()]
      reader.skip(8)
      const maxBytes = reader.readInt32()
      return { partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, maxBytes }
    })
  })
  const forgotten = reader.readArray(() => {
    reader.readUUID()
    return reader.readArray(() => reader.readInt32(), true, false)
  })
  return { session, maxWaitMs, positions: positions.flat(), forgotten: forgotten.flat() }
}
