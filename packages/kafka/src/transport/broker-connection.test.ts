import { createServer } from 'node:net'
import { KanneryError } from '@kannery/storage'
import { TestClock } from '@kannery/storage-testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { framed, ScriptedPeer } from '../../test/scripted-peer.ts'
import { fetchApi } from '../protocol/fetch.ts'
import { BrokerConnection, type BrokerConnectionOptions } from './broker-connection.ts'

const requestTimeoutMs = 30_000
let clock: TestClock
let peer: ScriptedPeer
const opened: BrokerConnection[] = []

beforeEach(async () => {
  clock = new TestClock()
  peer = await ScriptedPeer.start()
})
afterEach(async () => {
  for (const connection of opened.splice(0)) await connection[Symbol.asyncDispose]()
  await peer[Symbol.asyncDispose]()
})

async function open(options: Partial<BrokerConnectionOptions> = {}): Promise<BrokerConnection> {
  const connection = await BrokerConnection.open(peer.address, {
    clock,
    random: { bytes: (length) => new Uint8Array(length) },
    clientId: 'test',
    connectTimeoutMs: 10_000,
    requestTimeoutMs,
    ...options,
  })
  opened.push(connection)
  return connection
}

const request = (text: string): Parameters<BrokerConnection['request']>[0] => ({
  apiKey: 1,
  apiVersion: 4,
  flexible: false,
  body: [Buffer.from(text)],
})

async function reasonOf(promise: Promise<unknown>): Promise<KanneryError> {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!KanneryError.is(reason)) throw new Error(`no error of ours: ${String(reason)}`)
  return reason
}

describe('requests', () => {
  test('are answered in their order', async () => {
    const connection = await open()
    const answers = ['a', 'b', 'c'].map((text) => connection.request(request(text)))
    await peer.asked(3)
    for (const [index, request] of peer.requests.entries()) {
      request.answer(Buffer.from(`answer ${index}`))
    }

    const texts = (await Promise.all(answers)).map((answer) => answer.toString())
    expect(texts).toEqual(['answer 0', 'answer 1', 'answer 2'])
  })

  test('wait for the throttle time that a broker asked for', async () => {
    const connection = await open()
    connection.throttle(500)
    const answer = connection.request(request('a'))
    await clock.pass(499)
    expect(peer.requests).toEqual([])
    const asked = peer.asked(1)
    await clock.pass(1)
    await asked
    peer.requests[0]?.answer(Buffer.from('at last'))
    expect((await answer).toString()).toBe('at last')
  })

  test('into slabs: an answer stays whole while the next one arrives', async () => {
    const connection = await open()
    peer.onRequest = (request) => request.answer(Buffer.alloc(2_000_000, request.correlationId))
    const slab = { ...request('a'), slab: true }
    const first = await connection.request(slab)
    const value = first[0]
    const second = await connection.request(slab)
    expect(first.every((byte) => byte === value)).toBe(true)

    const third = await connection.request(slab)
    expect(third.buffer).toBe(first.buffer)
    expect(third.buffer).not.toBe(second.buffer)
  })

  test('use the greatest version that both sides support', async () => {
    const connection = await open()
    expect(connection.pickVersion({ ...fetchApi, greatest: 17 })).toBe(17)
    expect(() => connection.pickVersion({ ...fetchApi, least: 100, greatest: 120 })).toThrow(
      expect.objectContaining({ code: 'KAFKA_UNSUPPORTED' }),
    )
    expect(() =>
      connection.pickVersion({ key: 1000, name: 'Later', least: 0, greatest: 1 }),
    ).toThrow(expect.objectContaining({ code: 'KAFKA_UNSUPPORTED' }))
  })
})

describe('a connection is never used again', () => {
  test.each([
    ['an answer to another request', (id: number) => framed(id + 1, Buffer.from('x'))],
    ['a negative length', () => Buffer.from('ffffffff00000000', 'hex')],
    ['a length that no answer has', () => Buffer.from('7fffffff00000000', 'hex')],
    ['a frame without a correlation id', () => Buffer.from('0000000200000000', 'hex')],
  ])('after %s', async (_name, bytes) => {
    const connection = await open()
    const [first, second] = ['a', 'b'].map((text) => connection.request(request(text)))
    await peer.asked(2)
    const [received] = peer.requests
    received?.sendRaw(bytes(received.correlationId))

    expect(await reasonOf(first ?? Promise.resolve())).toMatchObject({ code: 'KAFKA_PROTOCOL' })
    expect(await reasonOf(second ?? Promise.resolve())).toMatchObject({ code: 'KAFKA_PROTOCOL' })
    expect(connection.usable).toBe(false)
    expect(await reasonOf(connection.request(request('c')))).toMatchObject({
      code: 'KAFKA_PROTOCOL',
    })
  })

  test('after an answer without a request', async () => {
    const connection = await open()
    const answer = connection.request(request('a'))
    await peer.asked(1)
    peer.requests[0]?.sendRaw(
      Buffer.concat([
        framed(peer.requests[0].correlationId, Buffer.from('good')),
        framed(0, Buffer.from('?')),
      ]),
    )
    expect((await answer).toString()).toBe('good')
    expect(await reasonOf(connection.request(request('b')))).toMatchObject({
      code: 'KAFKA_PROTOCOL',
    })
  })

  test('after the broker hung up in the middle of an answer', async () => {
    const connection = await open()
    const answer = connection.request(request('a'))
    await peer.asked(1)
    peer.requests[0]?.sendRaw(Buffer.from('000003e80000', 'hex'))
    peer.requests[0]?.hangUp()

    expect(await reasonOf(answer)).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      retry: 'after-refresh',
    })
    expect(connection.usable).toBe(false)
  })

  test('after it was disposed of, and waiting requests are rejected', async () => {
    const connection = await open()
    const answer = connection.request(request('a'))
    await connection[Symbol.asyncDispose]()
    expect(await reasonOf(answer)).toMatchObject({ why: 'Kannery closed it' })
  })
})

describe('a broker that is silent', () => {
  test('is given up after the request timeout', async () => {
    const connection = await open()
    const reason = reasonOf(connection.request(request('a')))
    await peer.asked(1)
    await clock.pass(requestTimeoutMs - 1)
    expect(connection.usable).toBe(true)
    await clock.pass(1)

    expect(await reason).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      why: 'nothing came back within 30 s',
    })
  })

  test('is not silent while bytes come: the time counts from the last one', async () => {
    const connection = await open()
    const first = connection.request(request('a'))
    const reason = reasonOf(connection.request(request('b')))
    await peer.asked(2)
    await clock.pass(requestTimeoutMs - 1000)
    peer.requests[0]?.answer(Buffer.from('slow'))
    await first
    await clock.pass(requestTimeoutMs - 1)
    expect(connection.usable).toBe(true)
    await clock.pass(1)

    expect((await reason).code).toBe('KAFKA_UNREACHABLE')
  })

  test('has no time limit when nothing is asked', async () => {
    const connection = await open()
    await clock.pass(100 * requestTimeoutMs)
    expect(connection.usable).toBe(true)
  })
})

describe('a peer that does not speak Kafka', () => {
  test('but TLS is recognised', async () => {
    peer.onConnect = (socket) => {
      socket.write(Buffer.from('15030300020228', 'hex'))
      return true
    }
    expect(await reasonOf(open())).toMatchObject({ code: 'KAFKA_TLS_FAILED' })
  })

  test('but HTTP is recognised', async () => {
    peer.onConnect = (socket) => {
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
      return true
    }
    expect(await reasonOf(open())).toMatchObject({
      code: 'KAFKA_PROTOCOL',
      why: expect.stringContaining('may not be a Kafka broker'),
    })
  })

  test('and hangs up at once is reported', async () => {
    peer.onConnect = (socket) => {
      socket.destroy()
      return true
    }
    expect(await reasonOf(open())).toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  })

  test('and says nothing at all is given up after the connect timeout', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    peer.onConnect = () => {
      resolve()
      return true
    }
    const opening = reasonOf(open())
    await promise
    expect((await clock.passUntil(opening)).code).toBe('KAFKA_UNREACHABLE')
  })

  test('because nothing listens is an error with the address and what to check', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const opening = BrokerConnection.open(
      { host: '127.0.0.1', port },
      {
        clock,
        random: { bytes: (length) => new Uint8Array(length) },
        clientId: 'test',
        connectTimeoutMs: 10_000,
        requestTimeoutMs,
      },
    )
    expect(await reasonOf(opening)).toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: `cannot connect to Kafka at 127.0.0.1:${port}`,
      facts: { code: 'ECONNREFUSED' },
    })
  })
})
