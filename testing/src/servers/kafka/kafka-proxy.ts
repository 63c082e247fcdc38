import { connect, createServer, type Server, type Socket } from 'node:net'

const fetchKey = 1
const firstFetchByTopicId = 13
const firstFetchWithoutReplicaId = 15

/** One request of a client, as it passed. */
export interface PassingRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly clientId: string
  /** Of a Fetch: what it asks for; else undefined. */
  readonly fetched: readonly FetchedPartition[] | undefined
}

export interface FetchedPartition {
  /** base64url, as an index has it. */
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

/**
 * Stands between clients and one broker, whose advertised address is the proxy's. Sees every
 * request, may hold one back, and counts the bytes of the answers.
 */
export class KafkaProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #targetPort: number
  readonly port: number
  readonly requests: PassingRequest[] = []
  /** Awaited before a request is forwarded to the broker. */
  beforeRequest: (request: PassingRequest) => Promise<void> | void = () => {}

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    server.on('connection', (client) => this.#serve(client))
  }

  static async start(targetPort: number): Promise<KafkaProxy> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new KafkaProxy(server, targetPort)
  }

  /** What a client asked for by Fetch, in order. */
  fetchedBy(clientId: string): FetchedPartition[] {
    return this.requests
      .filter((request) => request.clientId === clientId)
      .flatMap(({ fetched }) => fetched ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: Socket): void {
    const broker = connect(this.#targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    broker.pipe(client)
    let received: Buffer = Buffer.alloc(0)
    let passing: Promise<void> = Promise.resolve()
    client.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0)
        const frame = received.subarray(0, end)
        received = received.subarray(end)
        passing = passing.then(() => this.#pass(frame, broker))
      }
    })
  }

  async #pass(frame: Buffer, broker: Socket): Promise<void> {
    const request = parseRequest(frame.subarray(4))
    this.requests.push(request)
    await this.beforeRequest(request)
    broker.write(frame)
  }
}

function parseRequest(frame: Buffer): PassingRequest {
  const apiKey = frame.readInt16BE(0)
  const apiVersion = frame.readInt16BE(2)
  const idLength = Math.max(frame.readInt16BE(8), 0)
  const clientId = frame.toString('utf8', 10, 10 + idLength)
  const byTopicId = apiKey === fetchKey && apiVersion >= firstFetchByTopicId
  const fetched = byTopicId ? parseFetch(frame.subarray(10 + idLength), apiVersion) : undefined
  return { apiKey, apiVersion, clientId, fetched }
}

/**
 * https://kafka.apache.org/protocol, Fetch from version 13 on; `body` begins with the header's
 * tagged fields.
 */
function parseFetch(body: Buffer, version: number): FetchedPartition[] {
  const cursor = new Cursor(body)
  cursor.skipTags()
  // replica id, greatest wait, least and most bytes, isolation, session id and epoch
  cursor.skip((version < firstFetchWithoutReplicaId ? 4 : 0) + 4 + 4 + 4 + 1 + 4 + 4)
  const fetched: FetchedPartition[] = []
  for (let topics = cursor.count(); topics > 0; topics -= 1) {
    const topicId = cursor.bytes(16).toString('base64url')
    for (let partitions = cursor.count(); partitions > 0; partitions -= 1) {
      const partition = cursor.bytes(4).readInt32BE()
      cursor.skip(4) // leader epoch
      const offset = Number(cursor.bytes(8).readBigInt64BE())
      cursor.skip(4 + 8 + 4) // epoch of the last fetch, log start, most bytes
      cursor.skipTags()
      fetched.push({ topicId, partition, offset })
    }
    cursor.skipTags()
  }
  return fetched
}

class Cursor {
  readonly #data: Buffer
  #position = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  bytes(length: number): Buffer {
    this.#position += length
    return this.#data.subarray(this.#position - length, this.#position)
  }

  skip(length: number): void {
    this.#position += length
  }

  count(): number {
    return this.#varint() - 1
  }

  skipTags(): void {
    for (let tags = this.#varint(); tags > 0; tags -= 1) {
      this.#varint()
      this.skip(this.#varint())
    }
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes(1).readUInt8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
}
