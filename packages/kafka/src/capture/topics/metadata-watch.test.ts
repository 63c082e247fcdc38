import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import type { ClusterMetadata } from '../../cluster/metadata.ts'
import { MetadataWatch, type Urgency } from './metadata-watch.ts'
import { parseTopicMatcher } from './topic-matcher.ts'

const metadata: ClusterMetadata = {
  clusterId: 'c',
  controllerId: 1,
  brokers: new Map(),
  topics: [],
}

/** When it asked within a minute, in ms, with one look every 100 ms. */
async function askedAt(urgency: Urgency): Promise<number[]> {
  const clock = new TestClock()
  const times: number[] = []
  const cluster = {
    metadata: async () => {
      times.push(clock.monotonic())
      return metadata
    },
  }
  const watch = new MetadataWatch(cluster, clock, { include: [], exclude: [] })
  await watch.ask()
  // All was well until now.
  watch.due('none')
  while (clock.monotonic() < 60_000) {
    await clock.pass(100)
    if (watch.due(urgency)) await watch.ask()
  }
  return times
}

describe('the watch over the metadata', () => {
  test.each([
    ['none', [0]],
    ['following', [0, 30_000, 60_000]],
    ['contending', [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]],
  ] as const)('who is %s asks at %j', async (urgency, expected) => {
    expect(await askedAt(urgency)).toEqual(expected)
  })

  test('a missing leader is asked for soon, then less and less often', async () => {
    const times = await askedAt('leaderless')
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0)).slice(1)

    expect(gaps.slice(0, 5)).toEqual([100, 200, 400, 800, 1600])
    expect(gaps.at(-1)).toBe(2000)
  })

  test.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['a', 'b*'], undefined],
  ])('topics %j are asked for as %j', async (texts, expected) => {
    let asked: readonly string[] | undefined | 'not asked' = 'not asked'
    const cluster = {
      metadata: async (names?: readonly string[]) => {
        asked = names
        return metadata
      },
    }
    const selection = { include: texts.map(parseTopicMatcher), exclude: [] }
    await new MetadataWatch(cluster, new TestClock(), selection).ask()
    expect(asked).toEqual(expected)
  })
})
