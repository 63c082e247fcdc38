/**
 * Receives the frames of a `FrameAssembler`. Both methods are called synchronously, in the order of
 * the stream.
 */
interface FrameHandler {
  /**
   * Called when a frame of `length` bytes (without the four bytes of its length) begins. Returns
   * where to put it: at least `length` bytes. May throw: an impossible length shows that the peer
   * does not speak Kafka's protocol.
   */
  begin(length: number): Buffer
  /** Called when the frame is whole. `frame` is a view of what `begin` returned. */
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
   * Takes the next bytes of the stream: `bytes` up to `end`. After an error, the rest of the stream
   * cannot be used.
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
