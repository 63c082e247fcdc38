import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameAssembler } from './frame-assembler.ts'

/** Sends `bytes` into an assembler as a socket does: no more at a time than there is room for. */
function send(assembler: FrameAssembler, bytes: Buffer): void {
  for (let start = 0; start < bytes.length; ) {
    const { room } = assembler
    const length = bytes.copy(room, 0, start)
    assembler.received(room, length)
    start += length
  }
}

/** Everything a stream of `frames` gives when it comes in pieces that are cut at `cuts`. */
function assemble(frames: readonly Uint8Array[], cuts: readonly number[]): Buffer[] {
  const stream = Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(frame.length)
      return [length, frame]
    }),
  )
  const whole: Buffer[] = []
  const assembler = new FrameAssembler({
    begin: (length) => Buffer.alloc(length + 3),
    complete: (frame) => whole.push(frame),
  })
  const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length]
  let start = 0
  for (const end of ends.toSorted((one, other) => one - other)) {
    send(assembler, stream.subarray(start, end))
    start = end
  }
  expect(assembler.insideFrame).toBe(false)
  return whole
}

const anySmallFrame = fc.uint8Array({ maxLength: 50 })
/** Around the sizes from which on a frame is read into its own memory, or needs several reads. */
const anyLargeFrame = fc
  .tuple(fc.constantFrom(16_383, 16_384, 65_532, 70_000, 200_000), fc.nat(255))
  .map(([length, first]) => Uint8Array.from({ length }, (_, index) => (first + index) % 251))

describe('a frame assembler', () => {
  test('frames are whole, wherever the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anySmallFrame, anyLargeFrame), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (frames, cuts) => {
          const whole = assemble(frames, cuts)
          expect(whole).toHaveLength(frames.length)
          for (const [index, frame] of whole.entries()) {
            expect(frame.equals(frames[index] ?? Buffer.alloc(0))).toBe(true)
          }
        },
      ),
    )
  })

  test('the rest of a large frame is read into the frame itself', () => {
    const frame = Buffer.alloc(100_000)
    const assembler = new FrameAssembler({ begin: () => frame, complete: () => undefined })
    send(assembler, Buffer.from([0, 1, 0x86, 0xa0, 1, 2, 3]))

    const { room } = assembler
    expect(room.buffer).toBe(frame.buffer)
    expect([room.byteOffset - frame.byteOffset, room.length]).toEqual([3, 100_000 - 3])
  })

  test('an impossible length ends the stream before anything is allocated', () => {
    const assembler = new FrameAssembler({
      begin: (length) => {
        throw new RangeError(`${length} bytes`)
      },
      complete: () => undefined,
    })
    expect(() => send(assembler, Buffer.from('GET / HTTP/1.1'))).toThrow('1195725856 bytes')
  })
})
