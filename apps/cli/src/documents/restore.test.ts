import { describe, expect, test } from 'vitest'
import { type RestoreOptions, restoreDocument } from './restore.ts'

const none: RestoreOptions = {
  topic: [],
  exclude: [],
  as: undefined,
  map: [],
  prefix: undefined,
  suffix: undefined,
  partition: [],
  since: undefined,
  until: undefined,
  incarnation: undefined,
  parallelism: undefined,
  replicationFactor: undefined,
  retention: undefined,
  dropHeaders: [],
  originalOffsetHeader: undefined,
  verify: false,
  skipDamaged: false,
}

const topicsOf = async (changes: Partial<RestoreOptions>) =>
  (await restoreDocument({ ...none, ...changes })).spec.topics

describe('a Restore made of options', () => {
  test('restores as many topics at the same time as they say', async () => {
    expect(
      (await restoreDocument({ ...none, topic: ['orders'], parallelism: 2 })).spec,
    ).toMatchObject({
      parallelism: 2,
    })
  })
})

describe('the topics of a Restore made of options', () => {
  test('are the patterns, and the topics of --map with their targets', async () => {
    expect(
      await topicsOf({ topic: ['orders.*', 'payments'], map: ['payments=paid', 'orders.eu=eu'] }),
    ).toEqual([
      { source: 'orders.*' },
      { source: 'payments', target: 'paid' },
      { source: 'orders.eu', target: 'eu' },
    ])
  })

  test('have the target of --as if there is one name, also if it is given twice', async () => {
    expect(await topicsOf({ topic: ['orders', 'orders'], as: 'copy' })).toEqual([
      { source: 'orders', target: 'copy' },
    ])
    expect(await topicsOf({ topic: ['orders'], as: 'copy', partition: [2] })).toEqual([
      { source: 'orders', target: 'copy', partitions: [2] },
    ])
  })

  test.each([
    [{ topic: ['orders.*'], as: 'copy' }, /--as/],
    [{ topic: ['orders', 'payments'], as: 'copy' }, /--as/],
    [{ topic: ['orders'], as: 'copy', map: ['a=b'] }, /--as/],
    [{ topic: ['orders'], map: ['orders'] }, /--map: not two names/],
    [{ topic: ['orders'], map: ['orders=a=b'] }, /--map: not two names/],
    [{ topic: ['orders'], map: ['=copy'] }, /--map: not two names/],
    [{ topic: ['*'], map: ['a.*=copy'] }, /--map: not a topic's name: "a\.\*"/],
    [{ topic: ['orders'], map: ['orders=a', 'orders=b'] }, /--map: topic "orders" has two/],
    [{ topic: ['orders.*'], map: ['payments=a'] }, /--map: topic "payments" is not to be/],
    [{ topic: ['*'], map: ['__internal=a'] }, /--map: topic "__internal" is not to be/],
    [{ topic: ['*'], exclude: ['pay*'], map: ['payments=a'] }, /"payments" is not to be/],
  ])('are refused where the options contradict each other (case %#)', async (changes, message) => {
    await expect(topicsOf(changes)).rejects.toThrow(message)
  })
})
