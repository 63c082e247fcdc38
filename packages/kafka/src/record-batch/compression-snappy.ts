import { copyForward } from './compression-copy.ts'
import { compressedDataError } from './compression-errors.ts'

/**
 * Of snappy-java ("xerial"): what the Java client writes. librdkafka writes bare snappy; brokers
 * and consumers take both.
 */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const xerialHeaderLength = 16

/**
 * The longest run that an element of three bytes can yield is 64 bytes: no honest stream claims
 * more than this.
 */
const greatestRatio = 32

/**
 * Decompresses bare snappy or snappy-java's frames of it, also several of them in a row (as
 * SnappyInputStream reads).
 */
export function decompressSnappy(input: Uint8Array, maxBytes: number): Buffer {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  return startsXerialHeader(bytes, 0)
    ? decompressXerial(bytes, maxBytes)
    : decompressBlock(bytes, maxBytes)
}

function startsXerialHeader(bytes: Buffer, position: number): boolean {
  const end = position + xerialMagic.length
  return (
    bytes.length >= end && bytes.compare(xerialMagic, 0, xerialMagic.length, position, end) === 0
  )
}

function decompressXerial(bytes: Buffer, maxBytes: number): Buffer {
  const blocks: Buffer[] = []
  let total = 0
  let position = 0
  while (position < bytes.length) {
    if (startsXerialHeader(bytes, position)) {
      position += xerialHeaderLength
      continue
    }
    if (bytes.length - position < 4)
      throw compressedDataError('snappy', 'it ends in a block length')
    const length = bytes.readUInt32BE(position)
    position += 4
    if (length > bytes.length - position) throw compressedDataError('snappy', 'it ends in a block')
    const block = decompressBlock(bytes.subarray(position, position + length), maxBytes - total)
    position += length
    total += block.length
    blocks.push(block)
  }
  return blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks, total)
}

/** https://github.com/google/snappy/blob/main/format_description.txt */
function decompressBlock(input: Buffer, maxBytes: number): Buffer {
  const { length, next } = readLength(input)
  if (length > input.length * greatestRatio) {
    throw compressedDataError('snappy', `${input.length} bytes cannot hold ${length}`)
  }
  if (length > maxBytes) throw compressedDataError('snappy', `it holds more than ${maxBytes} bytes`)
  const output = Buffer.allocUnsafeSlow(length)
  let from = next
  let to = 0
  while (from < input.length) {
    const tag = input[from] as number
    from += 1
    if ((tag & 3) === 0) {
      let size = tag >>> 2
      if (size >= 60) {
        const width = size - 59
        if (width > input.length - from) throw compressedDataError('snappy', 'it ends in a literal')
        size = input.readUIntLE(from, width)
        from += width
      }
      size += 1
      if (size > input.length - from || size > length - to) {
        throw compressedDataError('snappy', 'a literal is longer than the data')
      }
      copyForward(input, from, output, to, size)
      from += size
      to += size
      continue
    }
    const wide = tag & 3
    const operand = wide === 1 ? 1 : wide === 2 ? 2 : 4
    if (operand > input.length - from) throw compressedDataError('snappy', 'it ends in a copy')
    const size = wide === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    const distance =
      wide === 1 ? ((tag >>> 5) << 8) | (input[from] as number) : input.readUIntLE(from, operand)
    from += operand
    if (distance === 0 || distance > to || size > length - to) {
      throw compressedDataError('snappy', 'a copy points out of the data')
    }
    copyForward(output, to - distance, output, to, size)
    to += size
  }
  if (to !== length) throw compressedDataError('snappy', `${to} bytes instead of ${length}`)
  return output
}

function readLength(input: Buffer): { length: number; next: number } {
  let length = 0
  for (let index = 0; index < 5 && index < input.length; index++) {
    const byte = input[index] as number
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { length, next: index + 1 }
  }
  throw compressedDataError('snappy', 'its length cannot be read')
}
