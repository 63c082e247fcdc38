import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { BackupMetrics } from './backup-metrics.ts'

/** The value of the series, as Prometheus would read it; undefined when there is none. */
async function readSeries(metrics: BackupMetrics, series: string): Promise<number | undefined> {
  const lines = (await metrics.render()).split('\n')
  const line = lines.find((text) => text.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

const age = 'kannery_last_commit_age_seconds{topic="orders"}'

describe('the metrics of a backup', () => {
  test('the age of the last commit is there before the first commit of a process: that of the backup', async () => {
    const clock = new TestClock()
    const metrics = new BackupMetrics(clock)
    metrics.opened({
      topic: 'orders',
      capturedUntil: new Date(clock.now() - 3_600_000).toISOString(),
    })
    await clock.pass(5000)

    expect(await readSeries(metrics, age)).toBe(3605)
  })

  test('the age of the last commit counts from the beginning where nothing was ever committed', async () => {
    const clock = new TestClock()
    const metrics = new BackupMetrics(clock)
    expect(await readSeries(metrics, age)).toBeUndefined()
    metrics.opened({ topic: 'orders' })
    await clock.pass(7000)

    expect(await readSeries(metrics, age)).toBe(7)
  })

  test('a clock that was ahead when the backup was made gives no age below zero', async () => {
    const clock = new TestClock()
    const metrics = new BackupMetrics(clock)
    metrics.opened({ topic: 'orders', capturedUntil: new Date(clock.now() + 60_000).toISOString() })

    expect(await readSeries(metrics, age)).toBe(0)
  })

  test('offsets that were gone are counted', async () => {
    const metrics = new BackupMetrics(new TestClock())
    const gap = { in: 0, partition: 2, reason: 'retention', noticed: '2026-11-23T07:00:00.000Z' }
    metrics.lost({ topic: 'orders', gap: { ...gap, offsets: [10, 15] } })
    metrics.lost({ topic: 'orders', gap: { ...gap, offsets: [20, 21] } })

    expect(
      await readSeries(metrics, 'kannery_gap_offsets_total{topic="orders",partition="2"}'),
    ).toBe(6)
  })
})
