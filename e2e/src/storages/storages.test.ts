import { checkTopics, type FilledTopic, fillTopic } from '@kannery/testing/python/topics'
import {
  startStorage,
  storageServers,
  type TestStorage,
} from '@kannery/testing/storages/test-storage'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds, startKannery } from '../command-line/kannery.ts'
import { until } from '../command-line/until.ts'

const { bootstrapServers } = inject('kafka')

/** With values of 1 kB: 100 MB, or what a developer asks for. */
const records = Number(process.env['KANNERY_MAIN_JOB_RECORDS'] ?? 100_000)

let filled: FilledTopic

beforeAll(async () => {
  const options = { bootstrapServers, records, partitions: 4, valueBytes: 1000 }
  filled = await fillTopic('plain', { ...options, topic: 'cloud' })
}, 300_000)

describe.each(storageServers)('on %s', (name) => {
  let storage: TestStorage
  beforeAll(async () => {
    storage = await startStorage(name)
  }, 300_000)
  afterAll(() => storage[Symbol.asyncDispose]())

  test(`${records} records are backed up, restored, and found equal by an independent client`, {
    timeout: 600_000,
  }, async () => {
    const env = storage.environment
    const target = `cloud-from-${name}`
    const from = ['--from', bootstrapServers, '--topic', 'cloud']
    const backup = await kannerySucceeds(['backup', ...from, '--to', storage.url, '--once'], {
      env,
    })

    const {
      topics: [report],
    } = await kanneryJson<RestoreDocument>(
      [
        ...['restore', '--from', storage.url, '--to', bootstrapServers],
        ...['--topic', 'cloud', '--as', target, '--verify'],
      ],
      { env },
    )

    expect(report.verification).toMatchObject({ records: filled.records, differences: [] })
    expect(await checkTopics({ bootstrapServers, source: 'cloud', target })).toEqual({
      equalRecords: filled.records,
      differences: [],
    })
    const list = await kannerySucceeds(['ls', storage.url], { env })
    expect(list.stdout).toContain('cloud')
    // No query, no secret.
    const shown = backup.stdout + backup.stderr + list.stdout + list.stderr
    expect(shown).not.toContain('endpoint=')
  })

  test('a second backup reports who holds the topic, and can start when the first has ended', {
    timeout: 180_000,
  }, async () => {
    const env = storage.environment
    const words = ['backup', '--from', bootstrapServers, '--topic', 'cloud', '--to', storage.url]
    await using first = startKannery(words, { env })
    await until('the lease', async () =>
      (await kannery(['lease', 'ls', storage.url], { env })).stdout.includes('cloud'),
    )

    const second = await kannery([...words, '--once'], { env })
    expect(second).toMatchObject({ status: 32 })
    expect(second.stderr).toMatch(/^storage error: resource already held by someone else$/m)

    await first.interrupt()
    await kannerySucceeds([...words, '--once'], { env })
  })

  test('a backup that is killed leaves a lease that another takes over when it has aged', {
    timeout: 180_000,
  }, async () => {
    const env = storage.environment
    const words = ['backup', '--from', bootstrapServers, '--topic', 'cloud', '--to', storage.url]
    await using killed = startKannery([...words, '--lease-ttl', '5s'], { env })
    const leases = async (): Promise<string> =>
      (await kannery(['lease', 'ls', storage.url], { env })).stdout
    await until('the lease', async () => (await leases()).includes('cloud'))
    const { epoch: before } = await show(storage)
    process.kill(killed.pid, 'SIGKILL')
    await killed.ended

    const refused = await kannery([...words, '--once'], { env })
    expect(refused).toMatchObject({ status: 32 })
    await kannerySucceeds([...words, '--once', '--wait', '1m'], { env })

    expect((await show(storage)).epoch).toBeGreaterThan(before)
    expect(await leases()).not.toContain('cloud')
  })
})

function show(storage: TestStorage): Promise<{ readonly epoch: number }> {
  return kanneryJson(['show', storage.url, 'cloud'], { env: storage.environment })
}

interface RestoreDocument {
  readonly topics: readonly [RestoredTopic]
}

interface RestoredTopic {
  readonly verification?: { readonly records: number; readonly differences: readonly unknown[] }
}
