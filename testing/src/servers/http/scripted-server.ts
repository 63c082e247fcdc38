import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A request as the server received it. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly body: Buffer
}

/** An answer, and what goes wrong with it. */
export interface ScriptedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Sends the head and this many bytes of the body, then cuts the connection. */
  readonly cutOffAfter?: number
  /** Sends the head and this many bytes of the body, then nothing more. */
  readonly stallAfter?: number
  /** How long to wait before the answer. */
  readonly delayMs?: number
}

/** A server that answers by a script, and remembers what it was asked. */
export interface ScriptedServer extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: readonly ReceivedRequest[]
  /** Returns how many connections clients have opened so far. */
  connections(): number
  /** Resolves when no client is connected. Idle connections are closed. */
  allLeft(): Promise<void>
}

export interface ScriptedServerOptions {
  /** How many milliseconds a connection may be idle; announced in `Keep-Alive`. */
  readonly keepAliveTimeout?: number
}

/**
 * `undefined` cuts the connection without an answer; `silence` leaves it open, and never answers.
 */
export type ScriptedOutcome = ScriptedAnswer | 'silence' | undefined

/**
 * Starts a server that answers each request as `answer` says: as a provider documents it, where no
 * server that runs here does. The client is the provider's own.
 */
export async function startScriptedServer(
  answer: (request: ReceivedRequest) => ScriptedOutcome,
  { keepAliveTimeout }: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = []
  let connections = 0
  const server = createServer({ keepAliveTimeout }, (message, response) => {
    void receive(message).then((request) => {
      if (request === undefined) return
      requests.push(request)
      void send(response, answer(request))
    })
  })
  server.on('connection', () => connections++)
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
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

/** Returns `answer`, without its body if `request` is HEAD: then it gives no reason. */
export function answerTo(
  { method }: ReceivedRequest,
  answer: ScriptedAnswer | undefined,
): ScriptedAnswer | undefined {
  if (answer === undefined || method !== 'HEAD') return answer
  const { body: _, ...head } = answer
  return head
}

/**
 * Returns a script for an object of 1,000 bytes whose body stalls at byte 10. A request for the
 * rest gets the head of its answer and no byte. `headers` are those of an object.
 */
export function stallingObject(
  headers: Readonly<Record<string, string>>,
): (request: ReceivedRequest) => ScriptedAnswer {
  return (request) => {
    const range = String(request.headers.range ?? request.headers['x-ms-range'] ?? '')
    const start = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? Number.NaN)
    if (Number.isNaN(start)) {
      return { status: 200, headers, body: Buffer.alloc(1000), stallAfter: 10 }
    }
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${start}-999/1000` },
      body: Buffer.alloc(1000 - start),
      stallAfter: 0,
    }
  }
}

/**
 * Returns a script for an object of 1,000 bytes whose body breaks off at byte 600. `headers` are
 * those of an object.
 */
export function brokenObject(headers: Readonly<Record<string, string>>): () => ScriptedAnswer {
  return () => ({ status: 200, headers, body: Buffer.alloc(1000), cutOffAfter: 600 })
}

/** How long a connection to a server may be idle whose clients' pauses are tested, milliseconds. */
export const shortKeepAlive = { keepAliveTimeout: 2000 } as const

/**
 * Sends two requests to a server with {@link shortKeepAlive}, and a third one shortly before that
 * time is over. Returns how many connections were opened by the second and by the third.
 */
export async function connectionsAroundPause(
  server: ScriptedServer,
  send: () => Promise<unknown>,
): Promise<readonly [before: number, after: number]> {
  await send()
  await send()
  const before = server.connections()
  await delay(1500)
  await send()
  return [before, server.connections()]
}

/** Returns how many requests with this method a server received. */
export function countRequests({ requests }: ScriptedServer, method: string): number {
  return requests.filter((request) => request.method === method).length
}

/** undefined when the client gave up before all of it had come. */
async function receive(message: IncomingMessage): Promise<ReceivedRequest | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of message) chunks.push(chunk)
  } catch {
    return undefined
  }
  const { method = '', url = '', headers } = message
  return { method, url, headers, body: Buffer.concat(chunks) }
}

async function send(response: ServerResponse, answer: ScriptedOutcome): Promise<void> {
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
