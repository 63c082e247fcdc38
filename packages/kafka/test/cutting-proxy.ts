import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Where an answer of the broker is on its way back: pass it on, or cut the connection as if it had
 * never come.
 */
export type Verdict = 'pass' | 'cut'

/**
 * Stands between a client and a broker. Requests always reach the broker; of the answers, whole
 * frames, each is passed on or costs the connection, so that the client cannot know what the broker
 * did.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** 0 until it has started. */
  port = 0
  cuts = 0

  static async start(
    target: { readonly host: string; readonly port: number },
    judge: (answer: number) => Verdict,
  ): Promise<CuttingProxy> {
    let answers = 0
    const proxy = new CuttingProxy((client) => {
      const broker = connect(target)
      proxy.#join(client, broker)
      const frames = new Frames((frame) => {
        answers += 1
        if (judge(answers) === 'pass') {
          client.write(frame)
          return
        }
        proxy.cuts += 1
        client.destroy()
        broker.destroy()
      })
      broker.on('data', (bytes) => frames.feed(bytes))
      client.pipe(broker)
    })
    await proxy.#listen()
    proxy.port = (proxy.#server.address() as AddressInfo).port
    return proxy
  }

  private constructor(accept: (client: Socket) => void) {
    this.#server = createServer(accept)
  }

  /**
   * Cuts all connections and refuses new ones until `comeBack` resolves, as a broker does that is
   * started again.
   */
  async goAway(comeBack: Promise<void>): Promise<void> {
    await this[Symbol.asyncDispose]()
    await comeBack
    await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve))
  }

  #join(client: Socket, broker: Socket): void {
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}

/** Cuts a stream into Kafka's frames, lengths included. */
class Frames {
  readonly #take: (frame: Buffer) => void
  #bytes = Buffer.alloc(0)

  constructor(take: (frame: Buffer) => void) {
    this.#take = take
  }

  feed(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4) {
      const end = this.#bytes.readInt32BE(0) + 4
      if (this.#bytes.length < end) return
      this.#take(this.#bytes.subarray(0, end))
      this.#bytes = this.#bytes.subarray(end)
    }
  }
}
