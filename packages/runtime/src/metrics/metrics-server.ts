import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KanneryError } from '@kannery/storage'

export interface MetricsSource {
  readonly contentType: string
  /** The current values in the Prometheus text format. */
  render(): Promise<string>
}

/**
 * Serves `/metrics` until disposed. Only on the loopback address unless `address` names a host:
 * metrics contain names of topics.
 *
 * @throws CONFIG_INVALID when the address is not one, or is taken
 */
export async function serveMetrics(
  source: MetricsSource,
  address: string | undefined,
  say: (line: string) => void,
): Promise<AsyncDisposable> {
  if (address === undefined) return { async [Symbol.asyncDispose]() {} }
  const { host, port } = parseAddress(address)
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('see /metrics\n')
      return
    }
    source.render().then(
      (text) => response.writeHead(200, { 'content-type': source.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new KanneryError('CONFIG_INVALID', `metrics cannot be served on ${host}:${port}`, {
          why: cause.code ?? cause.message,
          remedy: 'Choose another port, or an address of this machine.',
          cause,
        }),
      )
    })
    server.listen({ host, port }, resolve)
  })
  const bound = server.address() as AddressInfo
  say(`metrics: http://${host.includes(':') ? `[${host}]` : host}:${bound.port}/metrics`)
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `[host:]port`; IPv6 hosts in brackets. */
function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:(?:\[([0-9a-f:]+)\]|([^:[\]\s]+)):)?([0-9]{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new KanneryError(
      'CONFIG_INVALID',
      `not an address for metrics: ${JSON.stringify(text)}`,
      {
        remedy: 'Write a port such as 9090, or host:port.',
      },
    )
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}
