import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { FaultyHttpProxy, type HttpFault } from '@kannery/testing/servers/http/faulty-http-proxy'
import {
  type StorageServer,
  startStorage,
  type TestStorage,
} from '@kannery/testing/storages/test-storage'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { KannerySession, kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'

const { bootstrapServers } = inject('kafka')

/** One of each protocol; SeaweedFS is too slow to be asked so often. */
const servers: readonly StorageServer[] = ['versitygw', 'fake-gcs-server', 'azurite']
const faults: readonly HttpFault[] = [
  'cut-before',
  'half-request',
  'answer-lost',
  'half-answer',
  'unavailable',
  'too-many',
  'slow',
]

const few = { topic: 'few', records: 300 }
const many = { topic: 'many', records: 30_000 }

beforeAll(async () => {
  for (const { topic, records } of [few, many]) {
    await fillTopic('plain', { bootstrapServers, topic, records, partitions: 3, valueBytes: 1000 })
  }
}, 300_000)

describe.each(servers)('on %s', { concurrent: true }, (name) => {
  test('a lost answer, at each request of a backup in turn, does no harm', {
    timeout: 600_000,
  }, async () => {
    await using network = await startBehindNetwork(name)
    const { proxy, storage } = network
    await using session = new KannerySession({ env: storage.environment })
    const backUpFew = (where: string): Promise<BackupDocument> =>
      session.json(backupWords(few.topic, storage.urlOf(where)))
    await backUpFew('undisturbed')
    const requests = proxy.requests
    expect(requests).toBeGreaterThan(10)

    const places: string[] = []
    for (let lost = 0; lost < requests; lost++) {
      const where = `lost-${lost}`
      proxy.requests = 0
      proxy.faultAt = (number) => (number === lost ? 'answer-lost' : undefined)
      const backup = await backUpFew(where)
      proxy.faultAt = () => undefined
      places.push(where)
      expect(proxy.faults).toBe(places.length)

      expect(backup.topics).toEqual([expect.objectContaining({ records: few.records })])
    }
    expect(await states(storage, places)).toEqual(places.map(sound))
  })

  test('a backup does not wait for an answer that never comes, and finds what was stored', {
    timeout: 600_000,
  }, async () => {
    await using network = await startBehindNetwork(name)
    const { proxy, storage } = network
    // Only a segment is so large.
    proxy.faultAt = (_number, bodyBytes) =>
      proxy.faults === 0 && bodyBytes > 100_000 ? 'silence' : undefined
    const backup = await backUp(storage, 'silence', few.topic)

    expect(proxy.faults).toBe(1)
    expect(await states(storage, ['silence'])).toEqual([sound('silence')])
    expect(backup.topics).toEqual([expect.objectContaining({ records: few.records, segments: 1 })])
  })

  test('a storm of faults slows a backup and a restore down, and does no harm', {
    timeout: 600_000,
  }, async () => {
    await using network = await startBehindNetwork(name)
    const { proxy, storage } = network
    const env = storage.environment
    const target = `many-from-${name}`
    proxy.faultAt = storm(1)
    await backUp(storage, 'prod', many.topic, ['--segment-size', '9MiB'])
    await kannerySucceeds(
      [
        ...['restore', '--from', storage.url, '--to', bootstrapServers],
        ...['--topic', many.topic, '--as', target],
      ],
      { env },
    )

    expect(proxy.faults).toBeGreaterThan(5)
    expect(await checkTopics({ bootstrapServers, source: many.topic, target })).toEqual({
      equalRecords: many.records,
      differences: [],
    })
  })
})

interface Network extends AsyncDisposable {
  readonly proxy: FaultyHttpProxy
  readonly storage: TestStorage
}

async function startBehindNetwork(name: StorageServer): Promise<Network> {
  const proxies = new AsyncDisposableStack()
  let proxy: FaultyHttpProxy | undefined
  const storage = await startStorage(name, {
    through: async (origin) => {
      proxy = proxies.use(await FaultyHttpProxy.start(origin))
      return proxy.endpoint
    },
  })
  proxies.use(storage)
  if (proxy === undefined) throw new Error('the storage was started without its network')
  return { proxy, storage, [Symbol.asyncDispose]: () => proxies.disposeAsync() }
}

interface BackupDocument {
  readonly topics: readonly unknown[]
}

async function backUp(
  storage: TestStorage,
  where: string,
  topic: string,
  options: readonly string[] = [],
): Promise<BackupDocument> {
  const words = [...backupWords(topic, storage.urlOf(where)), ...options]
  return await kanneryJson(words, { env: storage.environment })
}

function backupWords(topic: string, url: string): readonly string[] {
  return ['backup', '--from', bootstrapServers, '--topic', topic, '--once', '--to', url]
}

interface PlaceState {
  readonly where: string
  readonly findings: readonly unknown[]
  readonly leases: readonly unknown[]
}

/** What backups left in each of `places`. */
async function states(storage: TestStorage, places: readonly string[]): Promise<PlaceState[]> {
  await using session = new KannerySession({ env: storage.environment })
  const found: PlaceState[] = []
  for (const where of places) {
    const url = storage.urlOf(where)
    const { findings } = await session.json<Pick<PlaceState, 'findings'>>(['verify', url])
    const { leases } = await session.json<Pick<PlaceState, 'leases'>>(['lease', 'ls', url])
    found.push({ where, findings, leases })
  }
  return found
}

/** Whole, and free for the next backup. */
function sound(where: string): PlaceState {
  return { where, findings: [], leases: [] }
}

/** One request in four fails in some way. */
function storm(seed: number): (number: number) => HttpFault | undefined {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  return () => (next(4) === 0 ? faults[next(faults.length)] : undefined)
}
