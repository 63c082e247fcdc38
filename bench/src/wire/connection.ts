import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const readBytes = 1 << 20
const slabBytes = 16 << 20

/** One connection to a broker. Answers come in the order of the requests. */
export class Connection {
  readonly #socket: Socket
  readonly #answered: (answer: Buffer) => void
  readonly #lengthField = Buffer.alloc(4)
  /** The answer that is arriving goes into one while the one before it is used. */
  readonly #slabs = [Buffer.allocUnsafeSlow(slabBytes), Buffer.allocUnsafeSlow(slabBytes)]
  #current = 0
  #length = 0
  /** Of the answer that is arriving, with its length field. */
  #received = 0

  private constructor(address: string, answered: (answer: Buffer) => void) {
    const [host = '', port] = address.split(':')
    this.#answered = answered
    this.#socket = connect({
      ...{ host, port: Number(port), noDelay: true },
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (count, buffer) => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, count))
          return true
        },
      },
    })
  }

  /**
   * Connects to `address` (`host:port`). What `answered` is given, without its length, holds until
   * the next answer but one begins to arrive.
   */
  static async open(address: string, answered: (answer: Buffer) => void): Promise<Connection> {
    const connection = new Connection(address, answered)
    await once(connection.#socket, 'connect')
    // An answer that never comes would end the program with success.
    connection.#socket.once('close', (failed) => {
      if (failed) throw new Error(`the connection to ${address} was lost`)
    })
    return connection
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      at += this.#received < 4 ? this.#takeLength(bytes, at) : this.#takeAnswer(bytes, at)
    }
  }

  #takeLength(bytes: Buffer, at: number): number {
    const copied = bytes.copy(this.#lengthField, this.#received, at)
    this.#received += copied
    if (this.#received === 4) {
      this.#length = this.#lengthField.readInt32BE()
      this.#current = 1 - this.#current
      const slab = this.#slabs[this.#current]
      if (slab === undefined || slab.length < this.#length) {
        this.#slabs[this.#current] = Buffer.allocUnsafeSlow(2 * this.#length)
      }
    }
    return copied
  }

  #takeAnswer(bytes: Buffer, at: number): number {
    const slab = this.#slabs[this.#current] ?? Buffer.alloc(0)
    const filled = this.#received - 4
    const copied = bytes.copy(slab, filled, at, at + this.#length - filled)
    this.#received += copied
    if (this.#received - 4 === this.#length) {
      this.#received = 0
      this.#answered(slab.subarray(0, this.#length))
    }
    return copied
  }
}
