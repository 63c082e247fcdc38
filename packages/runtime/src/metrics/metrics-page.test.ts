import { readFileSync } from 'node:fs'
import { TestClock } from '@kannery/storage-testkit'
import { describe, expect, test } from 'vitest'
import { BackupMetrics } from './backup-metrics.ts'

const page = readFileSync(
  new URL('../../../../docs/operations/metrics.md', import.meta.url),
  'utf8',
)

interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
}

/** The rows of the table of metrics. */
function documentedMetrics(): Metric[] {
  const rows = page.matchAll(/^\| `(kannery_\w+)` \| (\w+) \| ([^|]+) \|/gm)
  return Array.from(rows, ([, name = '', type = '', labels = '']) => ({
    name,
    type,
    labels: Array.from(labels.matchAll(/`(\w+)`/g), ([, label = '']) => label),
  }))
}

/** The metrics of a backup that reported every kind of event. */
async function servedMetrics(): Promise<Metric[]> {
  const metrics = new BackupMetrics(new TestClock())
  const topic = 'orders'
  const gap = { in: 0, partition: 0, reason: 'retention', noticed: '2026-11-23T07:00:00.000Z' }
  metrics.opened({ topic })
  metrics.progressed({ topic, partition: 0, records: 1, bytes: 100, nextOffset: 1, endOffset: 2 })
  metrics.committed({ topic })
  metrics.lost({ topic, gap: { ...gap, offsets: [0, 1] } })
  const text = await metrics.render()
  return Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name = '', type = '']) => {
    const [, labels = ''] = new RegExp(`^${name}\\{(.*)\\} `, 'm').exec(text) ?? []
    return {
      name,
      type,
      labels: Array.from(labels.matchAll(/(\w+)="/g), ([, label = '']) => label),
    }
  })
}

describe('docs/operations/metrics.md', () => {
  test('lists the metrics of a backup with their types and labels', async () => {
    const byName = (one: Metric, other: Metric): number => one.name.localeCompare(other.name)
    const served = await servedMetrics()

    expect(served.length).toBeGreaterThan(0)
    expect(documentedMetrics().sort(byName)).toEqual(served.sort(byName))
  })

  test('has alerts only about metrics that exist', async () => {
    const known = (await servedMetrics()).map(({ name }) => name)
    const named = Array.from(page.matchAll(/\bkannery_\w+/g), ([name]) => name)

    expect(known).toEqual(expect.arrayContaining([...new Set(named)]))
  })
})
