import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { startStorage, storageServers } from '@kannery/testing/storages/test-storage'
import { describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds, startKannery } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const records = 10_000

interface Place {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
}

interface CopyDocument {
  readonly topics: readonly { readonly segments: number; readonly records: number }[]
}

const credentials = 'KANNERY_STORAGE_CREDENTIALS'

/** Each side has secrets of its own. */
function copy(source: Place, target: Place): Promise<CopyDocument> {
  const { [credentials]: ofTarget = '', ...others } = target.environment
  const env = { ...others, ...source.environment, KANNERY_TARGET_STORAGE_CREDENTIALS: ofTarget }
  return kanneryJson<CopyDocument>(['copy', source.url, target.url], { env })
}

describe('a copy of a storage', () => {
  test('from a folder over every kind of storage into a folder, a copy of a copy restores', {
    timeout: 300_000,
  }, async () => {
    await using folder = await temporaryFolder()
    await using stack = new AsyncDisposableStack()
    const options = { bootstrapServers, records, partitions: 3, valueBytes: 1000 }
    const filled = await fillTopic('plain', { ...options, topic: 'copied' })
    const first = { url: join(folder.path, 'first'), environment: {} }
    const backup = ['backup', '--from', bootstrapServers, '--topic', 'copied', '--once']
    await kannerySucceeds([...backup, '--to', first.url, '--segment-size', '1MiB'])
    const places: Place[] = [first]
    for (const name of storageServers) places.push(stack.use(await startStorage(name)))
    places.push({ url: join(folder.path, 'last'), environment: {} })

    for (const [at, target] of places.slice(1).entries()) {
      const source = places[at] ?? first
      const copied = await copy(source, target)
      expect(copied.topics, target.url).toMatchObject([{ records: filled.records }])
      expect((await copy(source, target)).topics, target.url).toMatchObject([{ segments: 0 }])
    }

    const last = places.at(-1)?.url ?? ''
    await kannerySucceeds(['verify', last])
    const words = ['restore', '--from', last, '--to', bootstrapServers]
    await kannerySucceeds([...words, '--topic', 'copied', '--as', 'copied-back'])
    const compared = await checkTopics({
      bootstrapServers,
      source: 'copied',
      target: 'copied-back',
    })
    expect(compared).toEqual({ equalRecords: filled.records, differences: [] })
  })

  test('a copy that is killed again and again leaves a whole target, and continues where it was', {
    timeout: 300_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const options = { bootstrapServers, records: 20_000, partitions: 3, valueBytes: 1000 }
    const filled = await fillTopic('plain', { ...options, topic: 'copied-in-pieces' })
    const [source, target] = [join(folder.path, 'first'), join(folder.path, 'second')]
    const backup = ['backup', '--from', bootstrapServers, '--topic', 'copied-in-pieces', '--once']
    await kannerySucceeds([...backup, '--to', source, '--segment-size', '256KiB'])
    // Under one name, so that it takes its own lease over at once.
    const words = ['copy', source, target, '--identity', 'copier']

    const segmentsIn = async (storage: string): Promise<number> => {
      const names = await readdir(join(storage, 'copied-in-pieces')).catch(() => [])
      return names.filter((name) => name.endsWith('.kan')).length
    }
    await mkdir(target)
    const total = await segmentsIn(source)
    let killed = 0
    for (const share of [0, 0.05, 0.2, 0.35, 0.6, 0.8, 0.95]) {
      await using copying = startKannery(words)
      let running = true
      void copying.ended.then(() => {
        running = false
      })
      while (running && (await segmentsIn(target)) <= share * total) await delay(1)
      copying.kill()
      if ((await copying.ended).status > 128) killed += 1
      // What was sent, and is not named yet, is no damage.
      expect(await kanneryJson(['verify', target])).toMatchObject({ findings: [] })
    }
    expect(killed).toBeGreaterThan(2)

    await kannerySucceeds(words)
    expect(await kannery(['verify', target])).toMatchObject({ status: 0 })
    const back = 'copied-in-pieces-back'
    const restore = ['restore', '--from', target, '--to', bootstrapServers]
    await kannerySucceeds([...restore, '--topic', 'copied-in-pieces', '--as', back])
    const compared = await checkTopics({
      bootstrapServers,
      source: 'copied-in-pieces',
      target: back,
    })
    expect(compared).toEqual({ equalRecords: filled.records, differences: [] })
  })
})
