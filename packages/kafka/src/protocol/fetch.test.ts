import { fetchV12, fetchV13, fetchV17, Reader, Writer } from '@platformatic/kafka'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeFetchResponse,
  encodeFetchRequest,
  type FetchedPartition,
  type FetchPosition,
  type FetchRequest,
  type FetchResponse,
  type FetchTopic,
  fetchApi,
} from './fetch.ts'

const versions = [12, 13, 15, 17]

const anyTopic: fc.Arbitrary<FetchTopic> = fc
  .tuple(
    fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map(([name, topicIdBytes]) => ({
    name,
    topicIdBytes,
    topicId: Buffer.from(topicIdBytes).toString('base64url'),
  }))
const anyInt32 = fc.integer()
const anyOffset = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })

function positionsOf(topic: FetchTopic): fc.Arbitrary<FetchPosition[]> {
  return fc.array(
    fc.record({
      topic: fc.constant(topic),
      partition: fc.nat(),
      fetchOffset: anyOffset,
      currentLeaderEpoch: anyInt32,
      lastFetchedEpoch: anyInt32,
      maxBytes: anyInt32,
    }),
    { minLength: 1, maxLength: 5 },
  )
}
const anyPositions = fc
  .array(anyTopic.chain(positionsOf), { maxLength: 4 })
  .map((topics) => topics.flat())
const anyRequest: fc.Arbitrary<FetchRequest> = fc.record({
  version: fc.constantFrom(...versions),
  maxWaitMs: fc.nat(),
  minBytes: fc.nat(),
  maxBytes: fc.nat(),
  sessionId: anyInt32,
  sessionEpoch: anyInt32,
  positions: anyPositions,
  forgotten: anyPositions,
})

/** Reads what FetchRequest.json describes, with the codec library's reader. */
function readRequest(bytes: Buffer, version: number): unknown {
  const reader = Reader.from(bytes)
  const readTopic = (): string =>
    version >= fetchApi.byTopicId
      ? Buffer.from(reader.readUUID().replaceAll('-', ''), 'hex').toString('base64url')
      : reader.readString()
  if (version < 15) expect(reader.readInt32()).toBe(-1)
  const [maxWaitMs, minBytes, maxBytes] = [
    reader.readInt32(),
    reader.readInt32(),
    reader.readInt32(),
  ]
  expect(reader.readInt8()).toBe(1)
  const [sessionId, sessionEpoch] = [reader.readInt32(), reader.readInt32()]
  const positions = reader.readArray(() => {
    const topic = readTopic()
    return reader.readArray(() => {
      const partition = reader.readInt32()
      const currentLeaderEpoch = reader.readInt32()
      const fetchOffset = Number(reader.readInt64())
      const lastFetchedEpoch = reader.readInt32()
      expect(reader.readInt64()).toBe(-1n)
      const maxBytes = reader.readInt32()
      return { topic, partition, fetchOffset, currentLeaderEpoch, lastFetchedEpoch, maxBytes }
    })
  })
  const forgotten = reader.readArray(() => {
    const topic = readTopic()
    return reader.readArray(() => ({ topic, partition: reader.readInt32() }), true, false)
  })
  expect(reader.readString()).toBe('')
  reader.readTaggedFields()
  expect(reader.remaining).toBe(0)
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    sessionId,
    sessionEpoch,
    positions: positions.flat(),
    forgotten: forgotten.flat(),
  }
}

describe('a Fetch request', () => {
  test('holds what it was given, in every version', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const { version, positions, forgotten, ...rest } = request
        const named = (topic: FetchTopic): string =>
          version >= fetchApi.byTopicId ? topic.topicId : topic.name

        expect(readRequest(encodeFetchRequest(request), version)).toEqual({
          ...rest,
          positions: positions.map((position) => ({ ...position, topic: named(position.topic) })),
          forgotten: forgotten.map(({ topic, partition }) => ({ topic: named(topic), partition })),
        })
      }),
    )
  })

  test.each([
    [12, fetchV12],
    [13, fetchV13],
    [17, fetchV17],
  ])('of version %i has the bytes that another client sends', (version, library) => {
    const topicIdBytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
    const topic = { name: 'orders', topicId: topicIdBytes.toString('base64url'), topicIdBytes }
    const position = { partition: 3, currentLeaderEpoch: 5, lastFetchedEpoch: 4 }
    const ours = encodeFetchRequest({
      version,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1000,
      sessionId: 7,
      sessionEpoch: 8,
      positions: [{ ...position, topic, fetchOffset: 42, maxBytes: 100 }],
      forgotten: [],
    })
    const named = version === 12 ? 'orders' : '00112233-4455-6677-8899-aabbccddeeff'
    const theirs = library.createRequest(
      500,
      1,
      1000,
      1,
      7,
      8,
      [
        {
          topicId: named,
          partitions: [{ ...position, fetchOffset: 42n, partitionMaxBytes: 100 }],
        },
      ],
      [],
      '',
    )
    expect(ours.toString('hex')).toBe(theirs.buffer.toString('hex'))
  })
})

type PlainPartition = Omit<FetchedPartition, 'topicKey' | 'records'> & { readonly records: Buffer }

const anyPartition: fc.Arbitrary<PlainPartition> = fc
  .record({
    partition: fc.nat(),
    errorCode: fc.integer({ min: -1, max: 120 }),
    highWatermark: anyOffset,
    lastStableOffset: anyOffset,
    logStartOffset: anyOffset,
    aborted: fc.array(
      fc.record({
        producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        firstOffset: anyOffset,
      }),
      { maxLength: 3 },
    ),
    records: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    diverging: fc.option(fc.record({ epoch: anyInt32, endOffset: anyOffset })),
  })
  .map(({ diverging, ...rest }) => (diverging === null ? rest : { ...rest, diverging }))

interface PlainResponse extends Omit<FetchResponse, 'partitions'> {
  readonly topics: readonly { readonly topic: FetchTopic; readonly partitions: PlainPartition[] }[]
}
const anyResponse: fc.Arbitrary<PlainResponse> = fc.record({
  throttleTimeMs: fc.nat(),
  errorCode: fc.integer({ min: -1, max: 120 }),
  sessionId: anyInt32,
  topics: fc.array(
    fc.record({ topic: anyTopic, partitions: fc.array(anyPartition, { maxLength: 3 }) }),
    { maxLength: 3 },
  ),
})

/**
 * As FetchResponse.json describes it; with a tagged field that no version knows, as a newer broker
 * may send.
 */
function writeResponse(response: PlainResponse, version: number): Buffer {
  const writer = Writer.create()
    .appendInt32(response.throttleTimeMs)
    .appendInt16(response.errorCode)
    .appendInt32(response.sessionId)
  writer.appendArray([...response.topics], (_, { topic, partitions }) => {
    if (version >= fetchApi.byTopicId) writer.append(Buffer.from(topic.topicIdBytes))
    else writer.appendString(topic.name)
    writer.appendArray(
      partitions,
      (_inner, partition) => writePartition(writer, partition),
      true,
      false,
    )
  })
  return writer.appendUnsignedVarInt(1).appendUnsignedVarInt(99).appendUnsignedVarInt(0).buffer
}

function writePartition(writer: Writer, partition: PlainPartition): void {
  writer.appendInt32(partition.partition).appendInt16(partition.errorCode)
  writer.appendInt64(BigInt(partition.highWatermark))
  writer.appendInt64(BigInt(partition.lastStableOffset))
  writer.appendInt64(BigInt(partition.logStartOffset))
  writer.appendArray([...partition.aborted], (_, { producerId, firstOffset }) => {
    writer.appendInt64(producerId).appendInt64(BigInt(firstOffset))
  })
  writer
    .appendInt32(-1)
    .appendUnsignedVarInt(partition.records.length + 1)
    .append(partition.records)
  writer.appendUnsignedVarInt(partition.diverging === undefined ? 1 : 2)
  if (partition.diverging !== undefined) {
    writer.appendUnsignedVarInt(0).appendUnsignedVarInt(13)
    writer.appendInt32(partition.diverging.epoch)
    writer.appendInt64(BigInt(partition.diverging.endOffset)).appendUnsignedVarInt(0)
  }
  // The current leader (KIP-595).
  writer.appendUnsignedVarInt(1).appendUnsignedVarInt(9)
  writer.appendInt32(2).appendInt32(17).appendUnsignedVarInt(0)
}

describe('a Fetch response', () => {
  test.each(versions)('of version %i is read field by field', (version) => {
    fc.assert(
      fc.property(anyResponse, (response) => {
        const { topics, ...rest } = response
        const decoded = decodeFetchResponse(writeResponse(response, version), version)

        expect({
          ...decoded,
          partitions: decoded.partitions.map(({ records, ...partition }) => ({
            ...partition,
            records: [...records],
          })),
        }).toEqual({
          ...rest,
          partitions: topics.flatMap(({ topic, partitions }) =>
            partitions.map(({ records, ...partition }) => ({
              ...partition,
              topicKey: version >= fetchApi.byTopicId ? topic.topicId : topic.name,
              records: [...records],
            })),
          ),
        })
      }),
    )
  })

  test('holds its records as views of the frame', () => {
    const records = Buffer.from('batches')
    const frame = writeResponse(oneRecordsResponse(records), 17)
    const [partition] = decodeFetchResponse(frame, 17).partitions

    expect(partition?.records).toEqual(records)
    expect(partition?.records.buffer).toBe(frame.buffer)
  })

  test('without records (null) is empty', () => {
    const frame = writeResponse(oneRecordsResponse(Buffer.alloc(0)), 17)
    const nulled = Buffer.from(frame)
    const position = frame.indexOf(Buffer.from('ffffffff01', 'hex')) + 4
    nulled[position] = 0

    expect(decodeFetchResponse(nulled, 17).partitions[0]?.records).toHaveLength(0)
  })

  test('that is cut anywhere is refused, never read beyond its end', () => {
    fc.assert(
      fc.property(anyResponse, fc.nat(), (response, cut) => {
        const frame = writeResponse(response, 17)
        const shorter = frame.subarray(0, cut % frame.length)
        expect(() => decodeFetchResponse(Buffer.from(shorter), 17)).toThrow(RangeError)
      }),
    )
  })
})

function oneRecordsResponse(records: Buffer): PlainResponse {
  const topicIdBytes = new Uint8Array(16)
  const topic = {
    name: 'orders',
    topicId: Buffer.from(topicIdBytes).toString('base64url'),
    topicIdBytes,
  }
  const offsets = { highWatermark: 7, lastStableOffset: 7, logStartOffset: 0 }
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 1,
    topics: [
      { topic, partitions: [{ partition: 0, errorCode: 0, ...offsets, aborted: [], records }] },
    ],
  }
}
