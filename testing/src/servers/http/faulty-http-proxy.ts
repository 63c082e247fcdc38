import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as sendRequest,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What goes wrong with one request:
 *
 * - `cut-before`: the connection breaks before the server sees the request
 * - `half-request`: it breaks when the server has got half of the body
 * - `answer-lost`: the server does what it was asked to do, and the connection breaks before the
 *   answer
 * - `half-answer`: the same, in the middle of the answer
 * - `silence`: the same, but the connection stays, and no answer ever comes
 * - `unavailable`, `too-many`: 503 and 429 with Retry-After, instead of asking the server
 * - `slow`: the answer comes in pieces, with pauses
 */
export type HttpFault =
  | 'cut-before'
  | 'half-request'
  | 'answer-lost'
  | 'half-answer'
  | 'silence'
  | 'unavailable'
  | 'too-many'
  | 'slow'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const slowPieces = 8
const slowPauseMs = 25

/** Stands between clients and a server, as a bad network does. */
export class FaultyHttpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: URL
  readonly endpoint: string
  /** How many requests came. */
  requests = 0
  /** With how many of them something went wrong. */
  faults = 0
  /** What happens to the next request, which is the `number`th, from 0. */
  faultAt: (number: number, bodyBytes: number) => HttpFault | undefined = () => undefined

  private constructor(server: Server, target: URL) {
    this.#server = server
    this.#target = target
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      // A client that goes away takes its request with it.
      this.#serve(message, response).catch(() => response.destroy())
    })
  }

  /** `target` is an origin: `http://127.0.0.1:port`. */
  static async start(target: string): Promise<FaultyHttpProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FaultyHttpProxy(server, new URL(target))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = this.requests++
    const body = await collect(message)
    const fault = this.faultAt(number, body.length)
    if (fault !== undefined) this.faults++
    switch (fault) {
      case 'cut-before':
        response.destroy()
        return
      case 'half-request':
        await this.#forwardHalf(message, body)
        response.destroy()
        return
      case 'unavailable':
      case 'too-many':
        response.writeHead(fault === 'unavailable' ? 503 : 429, { 'retry-after': '1' }).end()
        return
      case 'answer-lost':
        await this.#forward(message, body)
        response.destroy()
        return
      case 'half-answer':
        await halve(response, await this.#forward(message, body))
        return
      case 'silence':
        await this.#forward(message, body)
        return
      case 'slow':
        await trickle(response, await this.#forward(message, body))
        return
      case undefined: {
        const answer = await this.#forward(message, body)
        response.writeHead(answer.status, answer.headers).end(answer.body)
      }
    }
  }

  /** As begun: the server waits for the rest, and is cut off from it. */
  async #forwardHalf(message: IncomingMessage, body: Buffer): Promise<void> {
    const request = this.#open(message, body.length)
    // It may answer with an error, which is dropped.
    request.on('error', () => {})
    await new Promise((resolve) => request.write(body.subarray(0, body.length / 2), resolve))
    request.destroy()
  }

  async #forward(message: IncomingMessage, body: Buffer): Promise<Answer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = this.#open(message, body.length)
      request.once('response', resolve)
      request.once('error', reject)
      request.end(body)
    })
    return {
      status: answer.statusCode ?? 502,
      headers: this.#headersOf(answer),
      body: await collect(answer),
    }
  }

  #open({ method, url, headers }: IncomingMessage, bodyBytes: number): ClientRequest {
    const { expect: _, 'transfer-encoding': __, connection: ___, ...rest } = headers
    const { hostname, port } = this.#target
    return sendRequest({
      hostname,
      port,
      method,
      path: url,
      // The host's name stays that of the client's request, which may be signed.
      headers: { ...rest, 'content-length': bodyBytes },
    })
  }

  #headersOf({ headers }: IncomingMessage): IncomingMessage['headers'] {
    const { 'transfer-encoding': _, connection: __, location, ...rest } = headers
    // An upload session must not lead around us.
    const moved = location?.replace(this.#target.origin, this.endpoint)
    return moved === undefined ? rest : { ...rest, location: moved }
  }
}

async function halve(response: ServerResponse, answer: Answer): Promise<void> {
  const { status, headers, body } = answer
  response.writeHead(status, { ...headers, 'content-length': String(Math.max(1, body.length)) })
  await new Promise((resolve) => response.write(body.subarray(0, body.length / 2), resolve))
  response.destroy()
}

async function trickle(response: ServerResponse, answer: Answer): Promise<void> {
  const { status, headers, body } = answer
  response.writeHead(status, headers)
  const piece = Math.max(1, Math.ceil(body.length / slowPieces))
  for (let start = 0; start < body.length; start += piece) {
    await delay(slowPauseMs)
    response.write(body.subarray(start, start + piece))
  }
  response.end()
}

async function collect(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}
