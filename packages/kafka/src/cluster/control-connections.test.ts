import { TestClock } from '@kannery/storage-testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedPeer } from '../../test/scripted-peer.ts'
import type { HostPort } from '../configuration/connection-options.ts'
import { ControlConnections } from './control-connections.ts'

let peer: ScriptedPeer
let connections: ControlConnections | undefined
beforeEach(async () => {
  peer = await ScriptedPeer.start()
})
afterEach(async () => {
  await connections?.[Symbol.asyncDispose]()
  await peer[Symbol.asyncDispose]()
})

function connectionsFrom(...bootstrapServers: readonly HostPort[]): ControlConnections {
  connections = new ControlConnections({
    clock: new TestClock(),
    random: { bytes: (length) => new Uint8Array(length) },
    connection: {
      bootstrapServers,
      clientId: 'test',
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
    },
  })
  return connections
}

/** The address of a peer that has stopped. */
async function deserted(): Promise<HostPort> {
  const gone = await ScriptedPeer.start()
  const { address } = gone
  await gone[Symbol.asyncDispose]()
  return address
}

describe('control connections', () => {
  test('are shared: one for each broker, however many ask at once', async () => {
    const shared = connectionsFrom(peer.address)
    const [one, other] = await Promise.all([shared.toAny(), shared.toAny()])
    expect(one).toBe(other)
    expect(await shared.toAny()).toBe(one)
  })

  test('are opened again when they broke', async () => {
    const shared = connectionsFrom(peer.address)
    const before = await shared.toAny()
    await before[Symbol.asyncDispose]()
    const after = await shared.toAny()
    expect(after).not.toBe(before)
    expect(after.usable).toBe(true)
  })

  test('are opened again once, however many miss the broken one at once', async () => {
    const shared = connectionsFrom(peer.address)
    const broken = await shared.toAny()
    await broken[Symbol.asyncDispose]()
    const [one, other] = await Promise.all([shared.toAny(), shared.toAny()])

    expect(one).toBe(other)
    expect(one.usable).toBe(true)
  })

  test('are opened to the next bootstrap server when one is away', async () => {
    const away = await deserted()
    expect((await connectionsFrom(away, peer.address).toAny()).address).toEqual(peer.address)
  })

  test('fail with the reasons of all brokers that were tried when none answers', async () => {
    const [one, other] = [await deserted(), await deserted()]
    await expect(connectionsFrom(one, other).toAny()).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'no Kafka broker answers',
      why: expect.stringMatching(new RegExp(`${one.port}.*${other.port}`, 's')),
    })
  })

  test('fail with the advertised address when that cannot be reached', async () => {
    const away = await deserted()
    const shared = connectionsFrom(peer.address)
    shared.update(new Map([[1, { ...away, id: 1, rack: undefined }]]))
    await expect(shared.openFresh({ ...away, id: 1, rack: undefined })).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      why: expect.stringContaining(`named 127.0.0.1:${away.port} as the address of a broker`),
      remedy: expect.stringContaining('advertised.listeners'),
    })
  })

  test('are not opened to brokers that the metadata does not list', async () => {
    expect(await connectionsFrom(peer.address).to(7)).toBeUndefined()
  })
})
