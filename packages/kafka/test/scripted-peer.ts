import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Writer } from '@platformatic/kafka'

export interface ScriptedRequest {
  readonly apiKey: number
  readonly correlationId: number
  /** Sends a frame as the answer, after the correlation id. */
  answer(body: Buffer): void
  /** Sends these very bytes. */
  sendRaw(bytes: Buffer): void
  hangUp(): void
}

const apiVersionsKey = 18

/**
 * Accepts connections on loopback, says that it speaks all APIs, leaves every other answer to
 * a test.
 */
export class ScriptedPeer implements AsyncDisposable {
  readonly requests: ScriptedRequest[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  onRequest: (request: ScriptedRequest) => void = () => undefined
  /** Asked before the API versions are answered; true when the test answers that itself. */
  onConnect: (socket: Socket) => boolean = () => false

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async start(): Promise<ScriptedPeer> {
    const peer = new ScriptedPeer()
    await new Promise<void>((resolve) => peer.#server.listen(0, '127.0.0.1', resolve))
    return peer
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Resolves when so many requests are there, that for the versions not counted. */
  async asked(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        const before = this.onRequest
        this.onRequest = (request) => {
          this.onRequest = before
          before(request)
          resolve()
        }
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    if (this.onConnect(socket)) return
    let received = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const length = received.readInt32BE(0)
        this.#serve(socket, received.subarray(4, 4 + length))
        received = received.subarray(4 + length)
      }
    })
  }

  #serve(socket: Socket, frame: Buffer): void {
    const [apiKey, correlationId] = [frame.readInt16BE(0), frame.readInt32BE(4)]
    const request: ScriptedRequest = {
      apiKey,
      correlationId,
      answer: (body) => socket.write(framed(correlationId, body)),
      sendRaw: (bytes) => socket.write(bytes),
      hangUp: () => socket.destroy(),
    }
    if (apiKey === apiVersionsKey) {
      request.answer(everything())
      return
    }
    this.requests.push(request)
    this.onRequest(request)
  }
}

export function framed(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

/** ApiVersions v3 of a broker that speaks all versions of all APIs. */
function everything(): Buffer {
  return Writer.create()
    .appendInt16(0)
    .appendArray([...Array(100).keys()], (writer, apiKey) => {
      writer.appendInt16(apiKey).appendInt16(0).appendInt16(99)
    })
    .appendInt32(0)
    .appendTaggedFields().buffer
}
