import { produceV9, Reader, Writer } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { encodeBatch } from '../record-batch/encode.ts'
import { decodeProduceResponse, encodeProduceRequest, type PartitionBatch } from './produce.ts'

const topicIdBytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const target = { name: 'orders', topicIdBytes }

function batchOf(value: string): Buffer {
  const record = { timestamp: 1n, key: null, value: Buffer.from(value), headers: [] }
  return encodeBatch([record], 'none', { producerId: 7n, producerEpoch: 0, sequence: 0 })
}

function encode(version: number, batches: readonly PartitionBatch[]): Buffer {
  return Buffer.concat(encodeProduceRequest({ version, target, timeoutMs: 30_000, batches }))
}

describe('a Produce request', () => {
  test.each([
    [9, 'by name'],
    [13, 'by topic id'],
  ])('of version %i names the topic %s and holds one batch for each partition', (version) => {
    const batches = [
      { partition: 3, batch: batchOf('x'.repeat(200)) },
      { partition: 0, batch: batchOf('y') },
    ]
    const reader = Reader.from(encode(version, batches))

    expect(reader.readNullableString()).toBeNull()
    expect(reader.readInt16()).toBe(-1)
    expect(reader.readInt32()).toBe(30_000)
    const topics = reader.readArray((topic) => ({
      topic: version === 13 ? topic.readUUID() : topic.readString(),
      batches: topic.readArray((entry) => ({
        partition: entry.readInt32(),
        batch: entry.readBytes(),
      })),
    }))
    reader.readTaggedFields()
    expect(reader.remaining).toBe(0)
    expect(topics).toEqual([
      { topic: version === 13 ? '00112233-4455-6677-8899-aabbccddeeff' : 'orders', batches },
    ])
  })

  test('with two batches of one partition is never sent: the broker would lose one of them', () => {
    const twice = [
      { partition: 3, batch: batchOf('x') },
      { partition: 3, batch: batchOf('y') },
    ]
    expect(() => encode(9, twice)).toThrow(/two batches of one partition/)
  })

  test('with two batches in one entry is never sent', () => {
    const two = [{ partition: 3, batch: Buffer.concat([batchOf('x'), batchOf('y')]) }]
    expect(() => encode(9, two)).toThrow(/not exactly one batch/)
  })
})

describe('a Produce response', () => {
  test.each([9, 13])('of version %i has base offset, errors and throttling', (version) => {
    const frame = Writer.create()
      .appendArray([0], (writer) => {
        if (version === 13) writer.appendUUID('00112233-4455-6677-8899-aabbccddeeff')
        else writer.appendString('orders')
        writer.appendArray([0], (entry) => {
          entry.appendInt32(3).appendInt16(87).appendInt64(41n).appendInt64(-1n).appendInt64(0n)
          entry.appendArray([5], (error, index) => {
            error.appendInt32(index).appendString('one of them')
          })
          entry.appendString('all of them')
        })
      })
      .appendInt32(250)
      .appendTaggedFields().buffer

    expect(decodeProduceResponse(frame, version)).toEqual({
      throttleTimeMs: 250,
      results: [
        {
          partition: 3,
          errorCode: 87,
          baseOffset: 41,
          recordErrors: [{ index: 5, message: 'one of them' }],
          errorMessage: 'all of them',
        },
      ],
    })
  })

  test('is read as the codec library reads it, tagged fields included', () => {
    const frame = Writer.create()
      .appendArray([0], (topic) => {
        topic.appendString('orders').appendArray([0], (entry) => {
          entry.appendInt32(1).appendInt16(0).appendInt64(9n).appendInt64(-1n).appendInt64(0n)
          entry.appendArray([], () => undefined).appendString(null)
        })
      })
      .appendInt32(0)
      .appendTaggedFields().buffer
    const [known] = produceV9.parseResponse(1, 0, 9, Reader.from(frame)).responses

    expect(decodeProduceResponse(frame, 9).results[0]).toMatchObject({
      partition: known?.partitionResponses[0]?.index,
      baseOffset: Number(known?.partitionResponses[0]?.baseOffset),
    })
  })
})
