import { realClock, realRandom } from '@kannery/storage-testkit'
import { Writer } from '@platformatic/kafka'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedPeer, type ScriptedRequest } from '../../test/scripted-peer.ts'
import { KafkaCluster } from './kafka-cluster.ts'

const requestTimeoutMs = 400
let peers: readonly ScriptedPeer[] = []
let cluster: KafkaCluster | undefined
/** Peers that take requests and answer nothing. */
const hung = new Set<ScriptedPeer>()
let clusterId = 'one'
beforeEach(async () => {
  clusterId = 'one'
  hung.clear()
  peers = [await ScriptedPeer.start(), await ScriptedPeer.start()]
  for (const peer of peers) {
    peer.onRequest = (request) => {
      if (!hung.has(peer)) request.answer(metadata())
    }
  }
})
afterEach(async () => {
  await cluster?.[Symbol.asyncDispose]()
  for (const peer of peers) await peer[Symbol.asyncDispose]()
})

/** Metadata v12 of a cluster whose brokers are the peers, without topics. */
function metadata(): Buffer {
  return Writer.create()
    .appendTaggedFields()
    .appendInt32(0)
    .appendArray([...peers.entries()], (writer, [index, { address }]) => {
      writer.appendInt32(index).appendString(address.host).appendInt32(address.port)
      writer.appendString(null)
    })
    .appendString(clusterId)
    .appendInt32(0)
    .appendArray([] as ScriptedRequest[], () => undefined)
    .appendTaggedFields().buffer
}

async function connect(): Promise<KafkaCluster> {
  cluster = await KafkaCluster.connect({
    clock: realClock,
    random: realRandom,
    connection: {
      bootstrapServers: peers.map(({ address }) => address),
      clientId: 'test',
      connectTimeoutMs: 10_000,
      requestTimeoutMs,
    },
  })
  return cluster
}

describe('a Kafka cluster', () => {
  test('a broker that stops answering leaves time for another one, which is asked from then on', async () => {
    const connected = await connect()
    const [first, second] = peers
    if (first === undefined || second === undefined) throw new Error('no peers')
    hung.add(first)
    const begin = realClock.monotonic()
    expect((await connected.metadata([])).brokers.size).toBe(2)
    expect(realClock.monotonic() - begin).toBeLessThan(2 * requestTimeoutMs)

    const asked = first.requests.length
    await connected.metadata([])
    await connected.metadata([])
    expect(first.requests).toHaveLength(asked)
    expect(second.requests.length).toBeGreaterThanOrEqual(3)
  })

  test('another cluster at the same address is an error, and its metadata is ignored', async () => {
    const connected = await connect()
    clusterId = 'other'

    await expect(connected.metadata([])).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      retry: 'never',
      facts: { cluster: 'one', otherCluster: 'other' },
    })
    expect(connected.clusterId).toBe('one')
  })
})
