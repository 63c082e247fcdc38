import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { writeBackup } from '../../test/backup.ts'
import { parseTopicMatcher } from '../capture/topics/topic-matcher.ts'
import { chooseTopics, type TargetNames } from './choose-topics.ts'

async function chosen(
  include: readonly string[],
  names: TargetNames = {},
  exclude: readonly string[] = [],
): Promise<readonly string[]> {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  for (const topic of ['orders.eu', 'orders.us', 'payments', '__consumer_offsets']) {
    const tools = { storage, clock, random: seededRandom(1) }
    await writeBackup(tools, { topic, partitions: 1, segments: [] })
  }
  const selection = {
    include: include.map(parseTopicMatcher),
    exclude: exclude.map(parseTopicMatcher),
  }
  const topics = await chooseTopics(storage, selection, names)
  return topics.map(({ topic, as }) => `${topic} → ${as}`)
}

describe('the topics of a restore', () => {
  test('are those of the backup that a pattern matches, in order of their names', async () => {
    expect(await chosen(['payments', 'orders.*'])).toEqual([
      'orders.eu → orders.eu',
      'orders.us → orders.us',
      'payments → payments',
    ])
    expect(await chosen(['/(orders|pay).*/'], {}, ['*.us'])).toEqual([
      'orders.eu → orders.eu',
      'payments → payments',
    ])
  })

  test('are internal ones only by their full name', async () => {
    expect(await chosen(['*'])).not.toContain('__consumer_offsets → __consumer_offsets')
    expect(await chosen(['__consumer_offsets'])).toEqual([
      '__consumer_offsets → __consumer_offsets',
    ])
  })

  test('get a prefix and a suffix, unless the map has a name for them', async () => {
    const map = new Map([['orders.us', 'us-orders']])
    expect(await chosen(['orders.*'], { prefix: 'copy-', suffix: '.1', map })).toEqual([
      'orders.eu → copy-orders.eu.1',
      'orders.us → us-orders',
    ])
  })

  test('include a name without a backup, so that the restore can name it among all findings', async () => {
    expect(await chosen(['absent', 'pay*'])).toEqual(['absent → absent', 'payments → payments'])
  })

  test.each([
    [['invoices.*'], {}, [], { code: 'STORAGE_NOT_FOUND', facts: { pattern: 'invoices.*' } }],
    [['payments'], {}, ['pay*'], { code: 'STORAGE_NOT_FOUND', facts: { pattern: 'payments' } }],
    [
      ['orders.*'],
      { map: new Map([['payments', 'p']]) },
      [],
      { code: 'CONFIG_INVALID', facts: { topic: 'payments' } },
    ],
  ] as const)(
    'are refused where a choice means nothing (case %#)',
    async (include, names, exclude, error) => {
      await expect(chosen(include, names, exclude)).rejects.toMatchObject(error)
    },
  )
})
