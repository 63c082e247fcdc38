import { TestClock } from '@kannery/storage-testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedPeer } from '../../test/scripted-peer.ts'
import { BrokerConnection } from '../transport/broker-connection.ts'
import { SharedConnections } from './shared-connections.ts'

let peer: ScriptedPeer
let opened: number
let shared: SharedConnections
beforeEach(async () => {
  peer = await ScriptedPeer.start()
  opened = 0
  shared = new SharedConnections()
})
afterEach(async () => {
  await shared[Symbol.asyncDispose]()
  await peer[Symbol.asyncDispose]()
})

async function open(): Promise<BrokerConnection> {
  opened++
  return await BrokerConnection.open(peer.address, {
    clock: new TestClock(),
    random: { bytes: (length) => new Uint8Array(length) },
    clientId: 'test',
    connectTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
  })
}

describe('shared connections', () => {
  test('a connection is opened once, however many ask for it at once, also when it broke', async () => {
    const [one, other] = await Promise.all([shared.get('a', open), shared.get('a', open)])
    expect(one).toBe(other)
    expect(await shared.get('a', open)).toBe(one)

    await one[Symbol.asyncDispose]()
    const [again, once] = await Promise.all([shared.get('a', open), shared.get('a', open)])
    expect(again).toBe(once)
    expect(again.usable).toBe(true)
    expect(opened).toBe(2)
  })

  test('each name has a connection of its own', async () => {
    expect(await shared.get('a', open)).not.toBe(await shared.get('b', open))
  })

  test('a connection that cannot be opened fails for all who wait, and the next call tries again', async () => {
    const fail = async (): Promise<BrokerConnection> => {
      throw new Error('no broker answers')
    }
    const both = await Promise.allSettled([shared.get('a', fail), shared.get('a', open)])

    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((await shared.get('a', open)).usable).toBe(true)
  })

  test('callers that wait continue in the order of their calls', async () => {
    const order: number[] = []
    await Promise.all([1, 2, 3].map((n) => shared.get('a', open).then(() => order.push(n))))

    expect(order).toEqual([1, 2, 3])
  })

  test('disposing closes all connections, also those that are being opened or asked for later', async () => {
    const before = await shared.get('a', open)
    const meanwhile = shared.get('b', open)
    await shared[Symbol.asyncDispose]()
    const after = await shared.get('c', open)

    expect([before, await meanwhile, after].map(({ usable }) => usable)).toEqual([
      false,
      false,
      false,
    ])
  })
})
