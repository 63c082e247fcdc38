import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameAssembler } from './frame-assembler.ts'

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
    // As sockets do: one buffer again and again.
    const piece = Buffer.alloc(end - start + 5, 0xee)
    stream.copy(piece, 0, start, end)
    assembler.feed(piece, end - start)
    piece.fill(0xdd)
    start = end
  }
  expect(assembler.insideFrame).toBe(false)
  return whole
}

describe('a frame assembler', () => {
  test('frames are whole, wherever the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (frames, cuts) => {
          expect(assemble(frames, cuts).map((frame) => frame.toString('hex'))).toEqual(
            frames.map((frame) => Buffer.from(frame).toString('hex')),
          )
        },
      ),
    )
  })

  test('an impossible length ends the stream before anything is allocated', () => {
    const assembler = new FrameAssembler({
      begin: (length) => {
        throw new RangeError(`${length} bytes`)
      },
      complete: () => undefined,
    })
    expect(() => assembler.feed(Buffer.from('GET / HTTP/1.1'), 14)).toThrow('1195725856 bytes')
  })
})
