import { MemoryStorage, seededRandom, TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { writeBackup } from '../../test/backup.ts'
import { chooseTopics, type TopicChoice, type TopicEntry } from './choose-topics.ts'

async function chosen(
  topics: readonly (string | TopicEntry)[],
  others: Omit<TopicChoice, 'topics'> = {},
): Promise<readonly string[]> {
  const clock = new TestClock()
  const storage = MemoryStorage.open({ clock })
  for (const topic of ['orders.eu', 'orders.us', 'payments', '__consumer_offsets']) {
    const tools = { storage, clock, random: seededRandom(1) }
    await writeBackup(tools, { topic, partitions: 1, segments: [] })
  }
  const entries = topics.map((entry) => (typeof entry === 'string' ? { source: entry } : entry))
  const found = await chooseTopics(storage, { topics: entries, ...others })
  return found.map(({ topic, as, partitions }) => {
    return `${topic} → ${as}${partitions === undefined ? '' : ` [${partitions.join()}]`}`
  })
}

describe('the topics of a restore', () => {
  test('are those of the backup that a pattern matches, in order of their names', async () => {
    expect(await chosen(['payments', 'orders.*'])).toEqual([
      'orders.eu → orders.eu',
      'orders.us → orders.us',
      'payments → payments',
    ])
    expect(await chosen(['/(orders|pay).*/'], { excludeTopics: ['*.us'] })).toEqual([
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

  test('get a prefix and a suffix, unless they have a target of their own', async () => {
    const renamed = { source: 'orders.us', target: 'us-orders' }
    expect(await chosen(['orders.*', renamed], { prefix: 'copy-', suffix: '.1' })).toEqual([
      'orders.eu → copy-orders.eu.1',
      'orders.us → us-orders',
    ])
  })

  test('include a name without a backup, so that the restore can name it among all findings', async () => {
    expect(await chosen(['absent', 'pay*'])).toEqual(['absent → absent', 'payments → payments'])
  })

  test('are restored as their own entry says, whatever a pattern says', async () => {
    const own = { source: 'orders.us', partitions: [0] }
    expect(await chosen([{ source: 'orders.*', partitions: [1] }, own])).toEqual([
      'orders.eu → orders.eu [1]',
      'orders.us → orders.us [0]',
    ])
  })

  test('may have several entries that say the same', async () => {
    const entries = [
      { source: 'orders.*', partitions: [0, 1] },
      { source: 'orders.?u', partitions: [1, 0] },
    ]
    expect(await chosen(entries)).toEqual([
      'orders.eu → orders.eu [0,1]',
      'orders.us → orders.us [0,1]',
    ])
  })

  test('may have an entry with the target that they have without it', async () => {
    const entries = ['orders.eu', { source: 'orders.eu', target: 'copy-orders.eu' }]
    expect(await chosen(entries, { prefix: 'copy-' })).toEqual(['orders.eu → copy-orders.eu'])
    await expect(chosen(entries)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('are refused if two entries give one topic different targets', async () => {
    const entries = [
      { source: 'orders.eu', target: 'one' },
      { source: 'orders.eu', target: 'two' },
    ]
    await expect(chosen(entries)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why: '"orders.eu" (into "one") and "orders.eu" (into "two") both choose it',
      facts: { topic: 'orders.eu' },
    })
  })

  test.each([
    [{ partitions: [0] }, '"orders.*" and "*.eu" (partitions 0) both choose it'],
    [{ incarnation: 1 }, '"orders.*" and "*.eu" (incarnation 1) both choose it'],
  ])('are refused if two patterns differ about one topic (%j)', async (details, why) => {
    await expect(chosen(['orders.*', { source: '*.eu', ...details }])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      why,
      facts: { topic: 'orders.eu', first: 'orders.*', second: '*.eu' },
    })
  })

  test.each([
    [['invoices.*'], [], 'invoices.*'],
    [['payments'], ['pay*'], 'payments'],
    [[{ source: 'payments', target: 'p' }], ['pay*'], 'payments'],
  ] as const)(
    'are refused if an entry chooses none (case %#)',
    async (entries, excludeTopics, pattern) => {
      await expect(chosen(entries, { excludeTopics })).rejects.toMatchObject({
        code: 'STORAGE_NOT_FOUND',
        facts: { pattern },
      })
    },
  )
})
