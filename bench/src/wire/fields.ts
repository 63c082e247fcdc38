/*
 * The fields of Kafka's older messages, in which a length is an INT16 or INT32. Written for the
 * benchmark alone: what is compared with Kannery shares no code with it.
 */

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff)
}

export function int16(value: number): Buffer {
  const field = Buffer.alloc(2)
  field.writeInt16BE(value)
  return field
}

export function int32(value: number): Buffer {
  const field = Buffer.alloc(4)
  field.writeInt32BE(value)
  return field
}

export function int64(value: number): Buffer {
  const field = Buffer.alloc(8)
  field.writeBigInt64BE(BigInt(value))
  return field
}

/** An INT64 below 2^53. */
export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4)
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}

/** A signed number as record batches have it: zigzag, seven bits a byte. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

export interface Api {
  readonly key: number
  readonly version: number
}

/** A request with its header (version 1) and its length. */
export function frame(api: Api, fields: readonly Buffer[]): Buffer {
  const request = Buffer.concat([
    ...[int16(api.key), int16(api.version), int32(0), text('bench')],
    ...fields,
  ])
  return Buffer.concat([int32(request.length), request])
}
