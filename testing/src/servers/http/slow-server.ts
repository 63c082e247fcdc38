import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ScriptedAnswer } from './scripted-server.ts'

export interface SlowServer extends AsyncDisposable {
  readonly endpoint: string
  /** How many requests arrived whole. */
  readonly answered: () => number
}

export interface SlowRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
}

export type Answer = (request: SlowRequest) => ScriptedAnswer

const sliceBytes = 256 * 1024

/**
 * Takes the bodies of all requests together at so many bytes a second, as an uplink does that they
 * share, and answers when a body has arrived. A small body is answered at once.
 */
export async function slowServer(bytesPerSecond: number, answer: Answer): Promise<SlowServer> {
  let answered = 0
  let free = Promise.resolve()
  const transfer = async (bytes: number): Promise<void> => {
    free = free.then(() => delay((bytes / bytesPerSecond) * 1000))
    await free
  }
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      let waiting = 0
      for await (const chunk of request as AsyncIterable<Buffer>) {
        waiting += chunk.length
        if (waiting < sliceBytes) continue
        await transfer(waiting)
        waiting = 0
      }
    } catch {
      // The client gave up.
      return
    }
    answered++
    const { method = '', url = '', headers } = request
    const given = answer({ method, url, headers })
    const { body = '' } = given
    response.writeHead(given.status, { 'content-length': body.length, ...given.headers }).end(body)
  }
  const server = createServer((request, response) => void receive(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    answered: () => answered,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
