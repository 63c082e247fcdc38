import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface PlayedRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly body: Buffer
}

export interface PlayedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Sends only the head and so many bytes of the body, then cuts the connection. */
  readonly cutOffAfter?: number
  /** Sends only the head and so many bytes of the body, then nothing more. */
  readonly stallAfter?: number
  /** Answers so much later. */
  readonly delayMs?: number
}

export interface PlayedServer extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: readonly PlayedRequest[]
  /** Resolves when no client is connected. Idle connections are closed. */
  allLeft(): Promise<void>
}

/**
 * `undefined` cuts the connection without an answer; `silence` leaves it open, and never answers.
 */
export type Played = PlayedAnswer | 'silence' | undefined

/**
 * Answers as a provider documents it, where no server that runs here does.
 * Only what is asked for is played: the client is the provider's own.
 */
export async function playServer(
  answer: (request: PlayedRequest) => Played,
): Promise<PlayedServer> {
  const requests: PlayedRequest[] = []
  const server = createServer((message, response) => {
    void receive(message).then((request) => {
      if (request === undefined) return
      requests.push(request)
      void play(response, answer(request))
    })
  })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    allLeft: async () => {
      while ((await connectionsOf(server)) > 0) {
        server.closeIdleConnections()
        await delay(10)
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** undefined when the client gave up before all of it had come. */
async function receive(message: IncomingMessage): Promise<PlayedRequest | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk)
  } catch {
    return undefined
  }
  const { method = '', url = '', headers } = message
  return { method, url, headers, body: Buffer.concat(chunks) }
}

async function play(response: ServerResponse, answer: Played): Promise<void> {
  if (answer === 'silence') return
  if (answer === undefined) {
    response.destroy()
    return
  }
  const { status, headers, body = '', cutOffAfter, stallAfter, delayMs } = answer
  if (delayMs !== undefined) await delay(delayMs)
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-length': bytes.length, ...headers })
  if (stallAfter !== undefined) response.write(bytes.subarray(0, stallAfter))
  else if (cutOffAfter === undefined) response.end(bytes)
  else response.write(bytes.subarray(0, cutOffAfter), () => response.destroy())
}

async function connectionsOf(server: Server): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
