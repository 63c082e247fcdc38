/**
 * What `FrameAssembler` tells as it goes. Both are called synchronously, in the order of the
 * stream.
 */
export interface FrameHandler {
  /**
   * A frame of `length` bytes (without the four bytes of its length) begins. Returns where it goes:
   * at least `length` bytes. May throw: a length that nobody can mean is how a peer that speaks
   * something else shows itself.
   */
  begin(length: number): Buffer
  /** The frame is whole. `frame` is a view of what `begin` returned. */
  complete(frame: Buffer): void
}

const lengthBytes = 4

/**
 * Cuts a byte stream into Kafka's frames: a signed 32-bit big-endian length, then that many bytes.
 * Copies every byte once.
 */
export class FrameAssembler {
  readonly #handler: FrameHandler
  readonly #header = Buffer.alloc(lengthBytes)
  #headerFilled = 0
  #target: Buffer | undefined
  #length = 0
  #filled = 0

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** True while a frame has begun and is not whole yet. */
  get insideFrame(): boolean {
    return this.#target !== undefined || this.#headerFilled > 0
  }

  /**
   * Takes the next bytes of the stream: `bytes` up to `end`. After it threw, the stream has no
   * meaning any more.
   */
  feed(bytes: Buffer, end: number): void {
    let position = 0
    while (position < end) {
      position =
        this.#target === undefined
          ? this.#readLength(bytes, position, end)
          : this.#readBody(this.#target, bytes, position, end)
    }
  }

  #readLength(bytes: Buffer, position: number, end: number): number {
    const taken = Math.min(end - position, lengthBytes - this.#headerFilled)
    bytes.copy(this.#header, this.#headerFilled, position, position + taken)
    this.#headerFilled += taken
    if (this.#headerFilled === lengthBytes) {
      this.#length = this.#header.readInt32BE(0)
      this.#target = this.#handler.begin(this.#length)
      this.#filled = 0
      this.#finishWhenWhole(this.#target)
    }
    return position + taken
  }

  #readBody(target: Buffer, bytes: Buffer, position: number, end: number): number {
    const taken = Math.min(end - position, this.#length - this.#filled)
    bytes.copy(target, this.#filled, position, position + taken)
    this.#filled += taken
    this.#finishWhenWhole(target)
    return position + taken
  }

  #finishWhenWhole(target: Buffer): void {
    if (this.#filled < this.#length) return
    this.#target = undefined
    this.#headerFilled = 0
    this.#handler.complete(target.subarray(0, this.#length))
  }
}
