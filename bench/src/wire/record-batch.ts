import { crc32c } from '@node-rs/crc32'
import { int8, int16, int32, int64, varint } from './fields.ts'

const crcAt = 17
const checkedFrom = 21
const noProducer = -1

/**
 * An uncompressed record batch (magic 2) of `records` records with `valueBytes` each. `number`
 * fills the start of the first value and makes the batch distinct; it changes nothing else.
 */
export class NumberedBatch {
  readonly bytes: Buffer
  readonly #numberAt: number

  constructor(records: number, valueBytes: number) {
    const bodies = Array.from({ length: records }, (_, index) => record(index, valueBytes))
    const now = Date.now()
    const content = Buffer.concat([
      ...[int16(0), int32(records - 1), int64(now), int64(now)],
      ...[int64(noProducer), int16(noProducer), int32(noProducer), int32(records)],
      ...bodies,
    ])
    const [leaderEpoch, magic, unknownCrc] = [-1, 2, 0]
    const length = 9 + content.length
    this.bytes = Buffer.concat([
      ...[int64(0), int32(length), int32(leaderEpoch), int8(magic), int32(unknownCrc)],
      content,
    ])
    this.#numberAt = this.bytes.indexOf('0', checkedFrom + 40)
    this.number(0)
  }

  /** Changes {@link bytes}. */
  number(value: number): void {
    this.bytes.write(String(value).padStart(12, '0'), this.#numberAt, 'latin1')
    this.bytes.writeUInt32BE(crc32c(this.bytes.subarray(checkedFrom)), crcAt)
  }
}

function record(index: number, valueBytes: number): Buffer {
  const [attributes, timestampDelta, noKey, noHeaders] = [0, 0, -1, 0]
  const body = Buffer.concat([
    ...[int8(attributes), varint(timestampDelta), varint(index), varint(noKey)],
    ...[varint(valueBytes), Buffer.alloc(valueBytes, `000000000000${filler}`), varint(noHeaders)],
  ])
  return Buffer.concat([varint(body.length), body])
}

const filler = ' a value of no meaning that is as long as it has to be'
