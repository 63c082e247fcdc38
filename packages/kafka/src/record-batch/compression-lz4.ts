import { copyForward } from './compression-copy.ts'
import { compressedDataError } from './compression-errors.ts'

const frameMagic = 0x184d2204
/** Sizes of block in the frame's BD byte, from 4 to 7. */
const blockSizes = [64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024]

interface FrameHeader {
  readonly next: number
  readonly blockSize: number
  readonly blockChecksums: boolean
}

/**
 * Decompresses one LZ4 frame, as the Java client and librdkafka write it; what follows its end mark
 * is ignored, as the Java client does. The frame's own xxHash sums are not checked: the CRC of the
 * batch lies over the same bytes.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function decompressLz4(input: Uint8Array, maxBytes: number): Buffer {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const header = readFrameHeader(bytes)
  let output: Buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes.length * 3, 4096), maxBytes))
  let length = 0
  let position = header.next
  for (;;) {
    if (bytes.length - position < 4) throw compressedDataError('lz4', 'it ends without an end mark')
    const word = bytes.readUInt32LE(position)
    position += 4
    if (word === 0) return output.subarray(0, length)
    const stored = word >>> 31 === 1
    const size = word & 0x7fff_ffff
    if (size > bytes.length - position) throw compressedDataError('lz4', 'it ends in a block')
    const block = bytes.subarray(position, position + size)
    const room = Math.min(header.blockSize, maxBytes - length)
    if (output.length - length < room) output = grow(output, length, length + room, maxBytes)
    length = stored
      ? copyStored(block, output, length, room)
      : decompressBlock(block, output, length, room)
    position += size + (header.blockChecksums ? 4 : 0)
  }
}

function readFrameHeader(bytes: Buffer): FrameHeader {
  if (bytes.length < 7) throw compressedDataError('lz4', 'it ends in the frame header')
  if (bytes.readUInt32LE(0) !== frameMagic)
    throw compressedDataError('lz4', 'it is not an LZ4 frame')
  const flags = bytes[4] as number
  if (flags >>> 6 !== 1) throw compressedDataError('lz4', `frame version ${flags >>> 6}`)
  if ((flags & 1) !== 0) throw compressedDataError('lz4', 'it needs a dictionary')
  const blockSize = blockSizes[(((bytes[5] as number) >>> 4) & 7) - 4]
  if (blockSize === undefined) throw compressedDataError('lz4', 'an unknown block size')
  const hasContentSize = (flags & 8) !== 0
  return {
    next: 7 + (hasContentSize ? 8 : 0),
    blockSize,
    blockChecksums: (flags & 16) !== 0,
  }
}

function grow(output: Buffer, used: number, needed: number, maxBytes: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(output.length * 2, needed), maxBytes))
  output.copy(larger, 0, 0, used)
  return larger
}

function copyStored(block: Buffer, output: Buffer, at: number, room: number): number {
  if (block.length > room) throw tooLong()
  block.copy(output, at)
  return at + block.length
}

/**
 * Writes at `at` and returns the end. Copies may reach into the blocks before (frames of linked
 * blocks).
 */
function decompressBlock(block: Buffer, output: Buffer, at: number, room: number): number {
  const limit = at + room
  let from = 0
  let to = at
  while (from < block.length) {
    const token = block[from] as number
    from += 1
    let literals = token >>> 4
    if (literals === 15) {
      let more: number
      do {
        more = byteAt(block, from)
        from += 1
        literals += more
      } while (more === 255)
    }
    if (literals > block.length - from) throw compressedDataError('lz4', 'it ends in a literal')
    if (literals > limit - to) throw tooLong()
    copyForward(block, from, output, to, literals)
    from += literals
    to += literals
    if (from === block.length) return to

    const distance = byteAt(block, from) | (byteAt(block, from + 1) << 8)
    from += 2
    let size = token & 15
    if (size === 15) {
      let more: number
      do {
        more = byteAt(block, from)
        from += 1
        size += more
      } while (more === 255)
    }
    size += 4
    if (distance === 0 || distance > to) {
      throw compressedDataError('lz4', 'a copy points out of the data')
    }
    if (size > limit - to) throw tooLong()
    copyForward(output, to - distance, output, to, size)
    to += size
  }
  throw compressedDataError('lz4', 'a block ends without a literal')
}

function byteAt(block: Buffer, position: number): number {
  const byte = block[position]
  if (byte === undefined) throw compressedDataError('lz4', 'it ends in a block')
  return byte
}

function tooLong(): Error {
  return compressedDataError('lz4', 'a block holds more than it may')
}
