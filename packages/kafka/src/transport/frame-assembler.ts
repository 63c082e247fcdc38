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
/** Size of a read that may hold the beginning of a frame. */
const readBufferBytes = 64 * 1024
/** What is missing of a frame is read into the frame itself if it is as much as this. */
const leastDirectBytes = 16 * 1024

/**
 * Cuts a byte stream into Kafka's frames: a signed 32-bit big-endian length, then that many bytes.
 * The stream is read into {@link room}, which is most of a large frame itself: only its beginning
 * is copied.
 */
export class FrameAssembler {
  readonly #handler: FrameHandler
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes)
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

  /** Where to read the next bytes of the stream into; then call {@link received}. */
  get room(): Buffer {
    const missing = this.#length - this.#filled
    return this.#target === undefined || missing < leastDirectBytes
      ? this.#readBuffer
      : this.#target.subarray(this.#filled, this.#length)
  }

  /**
   * Takes the next `length` bytes of the stream, which are in `room`: what {@link room} was before.
   * After an error, the rest of the stream cannot be used.
   */
  received(room: Buffer, length: number): void {
    if (room.buffer === this.#readBuffer.buffer) this.#copyFrom(room, length)
    else if (this.#target !== undefined) this.#advance(this.#target, length)
  }

  #copyFrom(bytes: Buffer, end: number): void {
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
    this.#advance(target, taken)
    return position + taken
  }

  #advance(target: Buffer, taken: number): void {
    this.#filled += taken
    this.#finishWhenWhole(target)
  }

  #finishWhenWhole(target: Buffer): void {
    if (this.#filled < this.#length) return
    this.#target = undefined
    this.#headerFilled = 0
    this.#handler.complete(target.subarray(0, this.#length))
  }
}
