// Compares the requests with those of another client, and reads answers that it reads too.
import {
  apiVersionsV0,
  apiVersionsV3,
  createTopicsV5,
  createTopicsV6,
  createTopicsV7,
  describeConfigsV2,
  describeConfigsV3,
  describeConfigsV4,
  describeProducersV0,
  incrementalAlterConfigsV0,
  incrementalAlterConfigsV1,
  initProducerIdV2,
  initProducerIdV3,
  initProducerIdV4,
  listOffsetsV5,
  listOffsetsV6,
  listOffsetsV7,
  listOffsetsV8,
  metadataV9,
  metadataV10,
  metadataV11,
  metadataV12,
  offsetForLeaderEpochV3,
  offsetForLeaderEpochV4,
  Reader,
  ResponseError,
  saslAuthenticateV0,
  saslAuthenticateV1,
  saslAuthenticateV2,
  saslHandshakeV1,
  Writer,
} from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { decodeAnswerBody, encodeRequestBody, type KafkaApi } from '../kafka-api.ts'
import { apiVersionsApi } from './api-versions.ts'
import { createTopicsApi } from './create-topics.ts'
import { describeConfigsApi } from './describe-configs.ts'
import { describeProducersApi } from './describe-producers.ts'
import { incrementalAlterConfigsApi } from './incremental-alter-configs.ts'
import { initProducerIdApi } from './init-producer-id.ts'
import { listOffsetsApi } from './list-offsets.ts'
import { metadataApi } from './metadata.ts'
import { offsetForLeaderEpochApi } from './offset-for-leader-epoch.ts'
import { saslAuthenticateApi, saslHandshakeApi } from './sasl.ts'

/** Longer than one byte of a varint can say, and not only ASCII. */
const name = `größe-${'x'.repeat(150)}`
const uuid = '00112233-4455-6677-8899-aabbccddeeff'
const uuidBytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')

interface Versioned {
  readonly version: number
  readonly expected: Writer
}

function requestCase<Request>(
  api: KafkaApi<Request, unknown>,
  request: Request,
  others: readonly Versioned[],
) {
  return others.map(({ version, expected }) => ({
    title: `${api.name} ${version}`,
    sent: encodeRequestBody(api, request, version),
    expected: expected.buffer,
  }))
}

/** What the other client writes in each of its versions. */
function written<Arguments extends unknown[]>(
  apis: readonly {
    readonly api: { readonly version: number }
    readonly createRequest: (...args: Arguments) => Writer
  }[],
  ...args: Arguments
): Versioned[] {
  return apis.map(({ api: { version }, createRequest }) => ({
    version,
    expected: createRequest(...args),
  }))
}

const asked = { partitionIndex: 3, currentLeaderEpoch: -1 }

describe('a request', () => {
  test.each([
    ...requestCase(
      apiVersionsApi,
      { softwareName: name, softwareVersion: '1.0' },
      written([apiVersionsV0, apiVersionsV3], name, '1.0'),
    ),
    ...[['orders', name], [], null].flatMap((topics) =>
      [false, true].flatMap((includeAllowedOperations) =>
        requestCase(
          metadataApi,
          { topics, includeAllowedOperations },
          written(
            [metadataV9, metadataV10, metadataV11, metadataV12],
            topics as never,
            false,
            includeAllowedOperations,
          ),
        ),
      ),
    ),
    ...requestCase(
      createTopicsApi,
      {
        topics: [{ name, partitions: 7, replicationFactor: -1, config: { a: '1', b: '' } }],
        timeoutMs: 30_000,
        validateOnly: true,
      },
      written(
        [createTopicsV5, createTopicsV6, createTopicsV7],
        [
          {
            name,
            numPartitions: 7,
            replicationFactor: -1,
            assignments: [],
            configs: [
              { name: 'a', value: '1' },
              { name: 'b', value: '' },
            ],
          },
        ],
        30_000,
        true,
      ),
    ),
    ...requestCase(
      describeConfigsApi,
      { resources: [{ type: 2, name }] },
      written(
        [describeConfigsV2, describeConfigsV3, describeConfigsV4],
        [{ resourceType: 2, resourceName: name, configurationKeys: null }] as never,
        false,
        false,
      ),
    ),
    ...requestCase(
      incrementalAlterConfigsApi,
      {
        resources: [
          {
            type: 2,
            name,
            changes: [
              { name: 'set', operation: 0, value: '1' },
              { name: 'removed', operation: 1, value: null },
            ],
          },
        ],
        validateOnly: true,
      },
      written(
        [incrementalAlterConfigsV0, incrementalAlterConfigsV1],
        [
          {
            resourceType: 2,
            resourceName: name,
            configs: [
              { name: 'set', configOperation: 0, value: '1' },
              { name: 'removed', configOperation: 1, value: null },
            ],
          },
        ] as never,
        true,
      ),
    ),
    ...requestCase(
      initProducerIdApi,
      { transactionTimeoutMs: 30_000 },
      written([initProducerIdV2, initProducerIdV3, initProducerIdV4], null, 30_000, -1n, -1),
    ),
    ...requestCase(
      describeProducersApi,
      { topics: [{ name, partitions: [0, 200] }] },
      written([describeProducersV0], [{ name, partitionIndexes: [0, 200] }]),
    ),
    ...requestCase(
      listOffsetsApi,
      { isolationLevel: 1, topics: [{ name, partitions: [{ partition: 3, timestamp: -4 }] }] },
      written([listOffsetsV5, listOffsetsV6, listOffsetsV7, listOffsetsV8], -1, 1, [
        { name, partitions: [{ ...asked, timestamp: -4n }] },
      ]),
    ),
    ...requestCase(
      offsetForLeaderEpochApi,
      { topics: [{ name, partitions: [{ partition: 3, leaderEpoch: 9 }] }] },
      written([offsetForLeaderEpochV3, offsetForLeaderEpochV4], -1, [
        { name, partitions: [{ ...asked, leaderEpoch: 9 }] },
      ]),
    ),
    ...requestCase(saslHandshakeApi, { mechanism: 'PLAIN' }, written([saslHandshakeV1], 'PLAIN')),
    ...requestCase(
      saslAuthenticateApi,
      { authBytes: Buffer.from(name) },
      written([saslAuthenticateV0, saslAuthenticateV1, saslAuthenticateV2], Buffer.from(name)),
    ),
  ])('of $title is that of another client, byte by byte', ({ sent, expected }) => {
    expect(sent).toEqual(expected)
  })
})

/** Writes an answer. `flexible` chooses how lengths are written. */
class AnswerWriter {
  readonly #writer = Writer.create()
  readonly #flexible: boolean

  constructor(flexible: boolean) {
    this.#flexible = flexible
  }

  int8(...values: number[]): this {
    for (const value of values) this.#writer.appendInt8(value)
    return this
  }

  int16(...values: number[]): this {
    for (const value of values) this.#writer.appendInt16(value)
    return this
  }

  int32(...values: number[]): this {
    for (const value of values) this.#writer.appendInt32(value)
    return this
  }

  int64(...values: bigint[]): this {
    for (const value of values) this.#writer.appendInt64(value)
    return this
  }

  text(...values: (string | null)[]): this {
    for (const value of values) this.#writer.appendString(value, this.#flexible)
    return this
  }

  raw(bytes: Buffer): this {
    this.#writer.append(bytes)
    return this
  }

  sized(bytes: Buffer): this {
    this.#writer.appendBytes(bytes, this.#flexible)
    return this
  }

  numbers(values: number[]): this {
    this.#writer.appendArray(values, (w, value) => w.appendInt32(value), this.#flexible, false)
    return this
  }

  /** One struct for each function, with an unknown tagged field at its end. */
  structs(...fields: (() => void)[]): this {
    this.#writer.appendArray(
      fields,
      (_, write) => {
        write()
        this.#tags()
      },
      this.#flexible,
      false,
    )
    return this
  }

  end(): Buffer {
    this.#tags()
    return this.#writer.buffer
  }

  #tags(): void {
    if (!this.#flexible) return
    this.#writer.appendUnsignedVarInt(1).appendUnsignedVarInt(99).appendUnsignedVarInt(2)
    this.#writer.append(Buffer.from('??'))
  }
}

/** The other client's reader of an answer, in one version. */
interface OtherReader {
  readonly api: { readonly key: number; readonly version: number }
  readonly parseResponse: (id: number, key: number, version: number, reader: Reader) => unknown
}

/** Returns how many bytes of an answer the other client leaves over. */
function leftOver({ api, parseResponse }: OtherReader, answer: Buffer): number {
  const reader = Reader.from(answer)
  try {
    parseResponse(0, api.key, api.version, reader)
  } catch (error) {
    // It throws if an answer holds an error number.
    if (!(error instanceof ResponseError)) throw error
  }
  return reader.remaining
}

function answerCase<Answer>(
  api: KafkaApi<never, Answer>,
  others: readonly OtherReader[],
  expected: Answer | ((version: number) => Answer),
  write: (writer: AnswerWriter, version: number) => void,
) {
  return others.map((other) => {
    const { version } = other.api
    const writer = new AnswerWriter(version >= api.flexibleFrom)
    write(writer, version)
    return {
      title: `${api.name} ${version}`,
      answer: writer.end(),
      other,
      read: (answer: Buffer) => decodeAnswerBody(api, answer, version),
      expected:
        typeof expected === 'function' ? (expected as (v: number) => Answer)(version) : expected,
    }
  })
}

const throttleTimeMs = 12

describe('an answer', () => {
  test.each([
    ...answerCase(
      apiVersionsApi,
      [apiVersionsV0, apiVersionsV3],
      (version) => ({
        errorCode: 0,
        apis: [{ key: 1, least: 4, greatest: 17 }],
        throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
      }),
      (answer, version) => {
        answer.int16(0).structs(() => answer.int16(1, 4, 17))
        if (version >= 1) answer.int32(throttleTimeMs)
      },
    ),
    ...answerCase(
      metadataApi,
      [metadataV9, metadataV10, metadataV11, metadataV12],
      (version) => ({
        throttleTimeMs,
        brokers: [
          { id: 1, host: 'one', port: 9092, rack: null },
          { id: 2, host: name, port: 9093, rack: 'r' },
        ],
        clusterId: 'cluster',
        controllerId: 2,
        topics: [
          {
            errorCode: 0,
            name,
            topicId: version >= 10 ? uuidBytes : Buffer.alloc(16),
            isInternal: true,
            partitions: [
              { partition: 0, leader: 1, leaderEpoch: 5, replicas: [1, 2], isr: [1] },
              { partition: 1, leader: -1, leaderEpoch: -1, replicas: [], isr: [] },
            ],
            allowedOperations: 2040,
          },
        ],
      }),
      (answer, version) => {
        answer.int32(throttleTimeMs).structs(
          () => answer.int32(1).text('one').int32(9092).text(null),
          () => answer.int32(2).text(name).int32(9093).text('r'),
        )
        answer.text('cluster').int32(2)
        answer.structs(() => {
          answer.int16(0).text(name)
          if (version >= 10) answer.raw(uuidBytes)
          answer.int8(1)
          answer.structs(
            () => answer.int16(0).int32(0, 1, 5).numbers([1, 2]).numbers([1]).numbers([2]),
            () => answer.int16(5).int32(1, -1, -1).numbers([]).numbers([]).numbers([]),
          )
          answer.int32(2040)
        })
        if (version <= 10) answer.int32(7)
      },
    ),
    ...answerCase(
      createTopicsApi,
      [createTopicsV5, createTopicsV6, createTopicsV7],
      {
        throttleTimeMs,
        topics: [
          { errorCode: 0, errorMessage: null, configs: [{ name: 'a', value: null }] },
          { errorCode: 36, errorMessage: 'there already', configs: [] },
        ],
      },
      (answer, version) => {
        const id = version >= 7 ? uuidBytes : Buffer.alloc(0)
        answer.int32(throttleTimeMs).structs(
          () => {
            answer.text(name).raw(id).int16(0).text(null).int32(7).int16(3)
            answer.structs(() => answer.text('a', null).int8(0, 5, 1))
          },
          () =>
            answer.text('b').raw(id).int16(36).text('there already').int32(-1).int16(-1).structs(),
        )
      },
    ),
    ...answerCase(
      describeConfigsApi,
      [describeConfigsV2, describeConfigsV3, describeConfigsV4],
      {
        throttleTimeMs,
        results: [
          {
            errorCode: 0,
            errorMessage: null,
            configs: [
              { name: 'a', value: '1', source: 1 },
              { name: 'b', value: null, source: 5 },
            ],
          },
        ],
      },
      (answer, version) => {
        const documented = (): unknown => version >= 3 && answer.int8(2).text('documentation')
        answer.int32(throttleTimeMs).structs(() => {
          answer
            .int16(0)
            .text(null)
            .int8(2)
            .text(name)
            .structs(
              () => {
                answer.text('a', '1').int8(0, 1, 0)
                answer.structs(() => answer.text('a', null).int8(5))
                documented()
              },
              () => {
                answer.text('b', null).int8(1, 5, 1).structs()
                documented()
              },
            )
        })
      },
    ),
    ...answerCase(
      incrementalAlterConfigsApi,
      [incrementalAlterConfigsV0, incrementalAlterConfigsV1],
      { throttleTimeMs, results: [{ errorCode: 40, errorMessage: 'invalid' }] },
      (answer) => {
        answer
          .int32(throttleTimeMs)
          .structs(() => answer.int16(40).text('invalid').int8(2).text(name))
      },
    ),
    ...answerCase(
      initProducerIdApi,
      [initProducerIdV2, initProducerIdV3, initProducerIdV4],
      { throttleTimeMs, errorCode: 0, producerId: 2n ** 62n + 1n, producerEpoch: 3 },
      (answer) =>
        answer
          .int32(throttleTimeMs)
          .int16(0)
          .int64(2n ** 62n + 1n)
          .int16(3),
    ),
    ...answerCase(
      describeProducersApi,
      [describeProducersV0],
      {
        throttleTimeMs,
        topics: [
          {
            partitions: [
              {
                errorCode: 0,
                errorMessage: null,
                producers: [
                  {
                    producerId: 5n,
                    producerEpoch: 1,
                    lastSequence: 9,
                    lastTimestamp: 1_795_000_000_000,
                    transactionStart: -1,
                  },
                ],
              },
            ],
          },
        ],
      },
      (answer) => {
        answer.int32(throttleTimeMs).structs(() => {
          answer.text(name).structs(() => {
            answer
              .int32(0)
              .int16(0)
              .text(null)
              .structs(() => {
                answer.int64(5n).int32(1, 9).int64(1_795_000_000_000n).int32(4).int64(-1n)
              })
          })
        })
      },
    ),
    ...answerCase(
      listOffsetsApi,
      [listOffsetsV5, listOffsetsV6, listOffsetsV7, listOffsetsV8],
      {
        throttleTimeMs,
        topics: [{ partitions: [{ partition: 3, errorCode: 0, offset: 2 ** 40 + 1 }] }],
      },
      (answer) => {
        answer.int32(throttleTimeMs).structs(() => {
          answer.text(name).structs(() => {
            answer
              .int32(3)
              .int16(0)
              .int64(-1n, 2n ** 40n + 1n)
              .int32(8)
          })
        })
      },
    ),
    ...answerCase(
      offsetForLeaderEpochApi,
      [offsetForLeaderEpochV3, offsetForLeaderEpochV4],
      {
        throttleTimeMs,
        topics: [{ partitions: [{ errorCode: 0, leaderEpoch: 8, endOffset: 77 }] }],
      },
      (answer) => {
        answer.int32(throttleTimeMs).structs(() => {
          answer.text(name).structs(() => answer.int16(0).int32(3, 8).int64(77n))
        })
      },
    ),
    ...answerCase(
      saslHandshakeApi,
      [saslHandshakeV1],
      { errorCode: 33, mechanisms: ['PLAIN'] },
      (answer) => answer.int16(33).structs(() => answer.text('PLAIN')),
    ),
    ...answerCase(
      saslAuthenticateApi,
      [saslAuthenticateV0, saslAuthenticateV1, saslAuthenticateV2],
      (version) => ({
        errorCode: 0,
        errorMessage: null,
        authBytes: Buffer.from('server final'),
        sessionLifetimeMs: version >= 1 ? 3_600_000 : 0,
      }),
      (answer, version) => {
        answer.int16(0).text(null).sized(Buffer.from('server final'))
        if (version >= 1) answer.int64(3_600_000n)
      },
    ),
  ])(
    'of $title is read, with fields that are not known yet',
    ({ answer, other, read, expected }) => {
      expect(leftOver(other, answer)).toBe(0)
      expect(read(answer)).toEqual(expected)
    },
  )

  test('of a broker that does not know version 3 of ApiVersions is read as one of version 0', () => {
    const answer = Buffer.from('00230000000100120000' + '0002', 'hex')

    expect(decodeAnswerBody(apiVersionsApi, answer, 3)).toMatchObject({ errorCode: 35, apis: [] })
  })

  test.each([
    ['ends early', (answer: Buffer) => answer.subarray(0, -1)],
    ['has more bytes', (answer: Buffer) => Buffer.concat([answer, Buffer.alloc(1)])],
  ])('that %s is refused', (_, change) => {
    const answer = new AnswerWriter(true).int32(0).int16(0).int64(1n).int16(0).end()

    expect(decodeAnswerBody(initProducerIdApi, answer, 4)).toMatchObject({ producerId: 1n })
    expect(() => decodeAnswerBody(initProducerIdApi, change(answer), 4)).toThrow(RangeError)
  })
})
