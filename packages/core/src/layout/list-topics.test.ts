import { KanneryError, objectKey, type StorageBackend } from '@kannery/storage'
import { FaultyStorage, MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { collect } from '../../test/segments.ts'
import { UlidSource } from '../ulid/ulid.ts'
import { listTopics } from './list-topics.ts'

const clock = new TestClock()
const ids = new UlidSource({ clock, random: seededRandom(1) })
const id = '01JDC8F9V0000000000000000A'

async function storageWith(...keys: string[]): Promise<MemoryStorage> {
  const storage = MemoryStorage.open({ clock })
  for (const key of keys) {
    await storage.put(objectKey(key), Buffer.from('x'), { condition: { kind: 'if-absent' } })
  }
  return storage
}

async function topicsIn(storage: StorageBackend): Promise<string[]> {
  return await collect(listTopics(storage))
}

describe('listing topics', () => {
  test('topics are distinguished from everything else that may lie beside them', async () => {
    const storage = await storageWith(
      'orders/index',
      `orders/${id}.kan`,
      'orders%2E/index',
      `index-lost/${id}.kan`,
      `~workers/${id}`,
      '~cluster/abc/x.json',
      'lost+found/x',
      'orders-value/1',
      'orders-value/config',
      'both/index',
      'both/1',
      'only-a-lease/__lease',
      'deep/er/index',
      'index',
    )

    const topics = await topicsIn(storage)

    expect(topics.toSorted()).toEqual(['both', 'index-lost', 'orders', 'orders.'])
  })

  test('an empty storage has no topics', async () => {
    expect(await topicsIn(await storageWith())).toEqual([])
  })

  test('more topics than are looked into at a time come all, in order', async () => {
    const names = Array.from(
      { length: 50 },
      (_, number) => `topic-${String(number).padStart(3, '0')}`,
    )

    expect(await topicsIn(await storageWith(...names.map((name) => `${name}/index`)))).toEqual(
      names,
    )
  })

  test('the objects of a topic are not listed to find that it is one', async () => {
    const storage = new FaultyStorage(await storageWith('orders/index', `orders/${id}.kan`), {
      clock,
    })

    await topicsIn(storage)

    const lists = storage.faults.calls.filter(({ operation }) => operation === 'list')
    expect(lists.map(({ key }) => key)).toEqual([''])
  })

  test('a thousand topics cost one listing of the first level and a request each, whatever they hold', async () => {
    const keys = Array.from({ length: 1000 }, (_, number) => {
      const later = Array.from({ length: 3 }, () => ids.next())
      return [`topic-${number}/index`, ...later.map((one) => `topic-${number}/${one}.kan`)]
    })
    const storage = new FaultyStorage(await storageWith(...keys.flat()), { clock })
    const entries: string[] = []
    const list = storage.list.bind(storage)
    storage.list = async function* (...request) {
      for await (const entry of list(...request)) {
        entries.push(entry.kind)
        yield entry
      }
    }

    expect(await topicsIn(storage)).toHaveLength(1000)
    expect(entries).toEqual(Array.from({ length: 1000 }, () => 'folder'))
    expect(storage.faults.calls.map(({ operation }) => operation).toSorted()).toEqual([
      ...Array.from({ length: 1000 }, () => 'head'),
      'list',
    ])
  })

  test.each(['STORAGE_DENIED', 'STORAGE_UNAVAILABLE', 'STORAGE_UNSUPPORTED'] as const)(
    'a folder that answers %s is a topic, too, because it may hold a backup',
    async (code) => {
      const storage = new FaultyStorage(await storageWith('orders/index', 'other/index'), { clock })
      const error = new KanneryError(code, 'the folder cannot be looked into')
      storage.faults.onCall(({ key }) =>
        key.startsWith('orders/') ? { kind: 'fail', error } : undefined,
      )

      expect(await topicsIn(storage)).toEqual(['orders', 'other'])
    },
  )

  test('a storage that stops answering is no list of topics', async () => {
    const storage = new FaultyStorage(await storageWith('orders/index'), { clock })
    const error = new KanneryError('STORAGE_UNAVAILABLE', 'the storage is away')
    let lists = 0
    storage.faults.onCall(({ operation }) =>
      operation === 'list' && lists++ === 0 ? undefined : { kind: 'fail', error },
    )

    await expect(topicsIn(storage)).rejects.toBe(error)
  })
})
