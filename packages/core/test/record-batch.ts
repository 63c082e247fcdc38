import { crc32c } from '../src/digest/crc32c.ts'

/** A record as it goes into a batch: bytes or null, nothing interpreted. */
export interface GoldenRecord {
  readonly offsetDelta: number
  readonly timestampDelta: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly (readonly [name: Uint8Array, value: Uint8Array | null])[]
}

export interface GoldenBatch {
  readonly baseOffset: number
  readonly leaderEpoch: number
  /** Compression in the lowest three bits, 8 LogAppendTime, 16 transactional, 32 control. */
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: readonly GoldenRecord[]
  /**
   * The records section, where it is compressed: compressors differ from one version to the next,
   * golden files must not.
   */
  readonly compressed?: Uint8Array
}

/**
 * A RecordBatch v2 (KIP-98), written here once more so that golden files depend on nothing that
 * they are to prove.
 */
export function encodeGoldenBatch(batch: GoldenBatch): Buffer {
  const records = batch.compressed ?? Buffer.concat(batch.records.map(encodeRecord))
  const bytes = Buffer.alloc(61 + records.length)
  bytes.writeBigInt64BE(BigInt(batch.baseOffset), 0)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(batch.leaderEpoch, 12)
  bytes.writeInt8(2, 16)
  bytes.writeInt16BE(batch.attributes, 21)
  bytes.writeInt32BE(batch.lastOffsetDelta, 23)
  bytes.writeBigInt64BE(BigInt(batch.baseTimestamp), 27)
  bytes.writeBigInt64BE(BigInt(batch.maxTimestamp), 35)
  bytes.writeBigInt64BE(batch.producerId, 43)
  bytes.writeInt16BE(batch.producerEpoch, 51)
  bytes.writeInt32BE(batch.baseSequence, 53)
  bytes.writeInt32BE(batch.records.length, 57)
  bytes.set(records, 61)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

function encodeRecord(record: GoldenRecord): Buffer {
  const { headers = [] } = record
  const body = Buffer.concat([
    Buffer.of(0),
    varint(record.timestampDelta),
    varint(record.offsetDelta),
    sized(record.key),
    sized(record.value),
    varint(headers.length),
    ...headers.flatMap(([name, value]) => [sized(name), sized(value)]),
  ])
  return Buffer.concat([varint(body.length), body])
}

function sized(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])
}

/** Zigzag, then seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  let rest = BigInt(value) * 2n
  if (rest < 0n) rest = -rest - 1n
  const bytes: number[] = []
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
