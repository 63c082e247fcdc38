import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from './free-ports.ts'
import { SupervisedProcess } from './supervised-process.ts'

const START_PATIENCE_MS = 60_000
const ANSWER_PATIENCE_MS = 5_000

export interface HttpServerOptions {
  readonly name: string
  /** How many ports of loopback it needs; the first one is where it answers. */
  readonly ports: number
  /**
   * The command line, given the folder for its data and its ports. It may put files into the
   * folder.
   */
  readonly command: (
    folder: string,
    ports: readonly number[],
  ) => readonly string[] | Promise<readonly string[]>
  /** Whether this answer shows that the server is ready. Defaults to any answer. */
  readonly serves?: (answer: Response) => boolean
}

export interface HttpServerProcess extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly endpoint: string
  readonly ports: readonly number[]
  /** Where it keeps its data; gone when it has stopped. */
  readonly folder: string
  stop(): Promise<void>
}

/**
 * Starts a server on free ports of loopback, its data in a temporary folder. Resolves when it has
 * answered a request: an open port is not enough. It ends with `stop`, and with this process,
 * however that ends.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), `kannery-${options.name}-`))
  const ports = await freePorts(options.ports)
  const supervised = new SupervisedProcess(folder, await options.command(folder, ports))
  const stop = (): Promise<void> => supervised.stop()
  const endpoint = `http://127.0.0.1:${ports[0]}`
  try {
    await ready(options, endpoint, supervised)
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint, ports, folder, stop, [Symbol.asyncDispose]: stop }
}

async function ready(
  { name, serves = () => true }: HttpServerOptions,
  endpoint: string,
  supervised: SupervisedProcess,
): Promise<void> {
  const deadline = performance.now() + START_PATIENCE_MS
  for (;;) {
    if (supervised.hasEnded) throw new Error(`${name} did not start:\n${supervised.lastWords}`)
    const answer = await ask(endpoint)
    if (answer !== undefined && serves(answer)) return
    if (performance.now() > deadline) {
      throw new Error(`${name} gave no answer within ${START_PATIENCE_MS / 1000} s`)
    }
    await delay(50)
  }
}

async function ask(endpoint: string): Promise<Response | undefined> {
  try {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_PATIENCE_MS) })
    await answer.body?.cancel()
    return answer
  } catch {
    return undefined
  }
}
