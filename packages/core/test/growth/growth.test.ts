import { describe, expect, test } from 'vitest'
import { type GrowthCost, measureGrowth } from './measure-growth.ts'

/** `./dev bench growth` goes to a million segments, and measures the time. */
const commits = 300
const kibibyte = 1024
/**
 * The lease is looked at and taken, the heartbeat renewed, the index read, what it does not name
 * listed, the epoch raised.
 */
const acquireRequests = 6

/** Of one commit, over as many as it takes until pages roll. */
function sentBytes({ commits: costs }: GrowthCost): number {
  return costs.reduce((sum, cost) => sum + cost.sentBytes, 0) / costs.length
}

describe('the cost of a growing backup', () => {
  test('what a commit sends, and how often an acquisition asks, is bounded whatever the age of the backup', async () => {
    const costs: GrowthCost[] = []
    for (const segments of [1_000, 10_000, 40_000]) {
      costs.push(await measureGrowth({ segments, partitions: 1 }, commits))
    }
    const [small] = costs
    for (const cost of costs) {
      const { indexBytes, acquire } = cost
      expect(sentBytes(cost)).toBeLessThan(128 * kibibyte)
      expect(sentBytes(cost)).toBeLessThan(1.5 * (small === undefined ? 0 : sentBytes(small)))
      expect(indexBytes).toBeLessThan(256 * kibibyte)
      expect(acquire.requests.length).toBeLessThanOrEqual(acquireRequests)
    }
  }, 60_000)

  test('many partitions make entries large, and pages keep the index as small', async () => {
    const { indexBytes, acquire } = await measureGrowth({ segments: 300, partitions: 500 }, 30)
    expect(indexBytes).toBeLessThan(256 * kibibyte)
    expect(acquire.requests.length).toBeLessThanOrEqual(acquireRequests)
  }, 60_000)
})
