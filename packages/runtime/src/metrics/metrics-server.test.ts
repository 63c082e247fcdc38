import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { serveMetrics } from './metrics-server.ts'

const source = { contentType: 'text/plain; version=0.0.4', render: async () => 'kannery_up 1\n' }

async function serving(address: string | undefined) {
  const said: string[] = []
  const server = await serveMetrics(source, address, (line) => said.push(line))
  const url = said[0]?.replace('metrics: ', '') ?? ''
  return { server, said, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('the metrics server', () => {
  test('metrics are served on the loopback address unless a host is given', async () => {
    await using loopback = await serving('0')
    expect(loopback.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const response = await fetch(loopback.url)
    expect(response.headers.get('content-type')).toBe(source.contentType)
    expect(await response.text()).toBe('kannery_up 1\n')
    expect((await fetch(loopback.url.replace('metrics', 'secrets'))).status).toBe(404)

    await using six = await serving('[::1]:0')
    expect(await (await fetch(six.url)).text()).toBe('kannery_up 1\n')
  })

  test('nothing is served unless asked for', async () => {
    await using nothing = await serving(undefined)
    expect(nothing.said).toEqual([])
  })

  test.each(['', 'x', '70000', 'a:b', '::1:90', 'http://x:1'])(
    '%j is no address',
    async (address) => {
      await expect(serving(address)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    },
  )

  test('a port that is taken is an error', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    try {
      await expect(serving(String(port))).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        why: 'EADDRINUSE',
      })
    } finally {
      other.close()
    }
  })
})
