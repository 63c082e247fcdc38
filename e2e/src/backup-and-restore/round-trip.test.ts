import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

/** The million on a developer's machine, when asked for; a tenth of it elsewhere. */
const records = Number(process.env['KANNERY_MAIN_JOB_RECORDS'] ?? 100_000)

interface RestoreDocument {
  readonly topics: readonly [RestoredTopic]
}

interface RestoredTopic {
  readonly partitions: readonly { readonly records: number }[]
  readonly verification?: { readonly records: number; readonly differences: readonly unknown[] }
}

function restoredRecords({ partitions }: RestoredTopic): number {
  return partitions.reduce((sum, partition) => sum + partition.records, 0)
}

describe('what was backed up is restored, as an independent client sees it', () => {
  test(`${records} records of 12 partitions: every codec, odd headers, odd times, transactions`, {
    timeout: 600_000,
  }, async () => {
    const filled = await fillTopic('nasty', { bootstrapServers, topic: 'nasty', records })
    await using folder = await temporaryFolder()
    const from = ['--from', bootstrapServers, '--topic', 'nasty']
    await kannerySucceeds(['backup', ...from, '--to', folder.path, '--once'])

    const {
      topics: [report],
    } = await kanneryJson<RestoreDocument>([
      ...['restore', '--from', folder.path, '--to', bootstrapServers],
      ...['--topic', 'nasty', '--as', 'nasty-copy', '--verify'],
    ])

    expect(filled.aborted).toBeGreaterThan(0)
    expect(restoredRecords(report)).toBe(filled.records)
    expect(report.verification).toMatchObject({ records: filled.records, differences: [] })
    expect(await checkTopics({ bootstrapServers, source: 'nasty', target: 'nasty-copy' })).toEqual({
      equalRecords: filled.records,
      differences: [],
    })
  })

  test.each(['none', 'lz4'] as const)(
    'single records in batches of their own, codec %s',
    {
      timeout: 180_000,
    },
    async (codec) => {
      const source = `single-${codec}`
      const filled = await fillTopic('single', {
        bootstrapServers,
        topic: source,
        records: 10_000,
        partitions: 3,
        codec,
      })
      await using folder = await temporaryFolder()
      const from = ['--from', bootstrapServers, '--topic', source]
      await kannerySucceeds(['backup', ...from, '--to', folder.path, '--once'])

      const {
        topics: [report],
      } = await kanneryJson<RestoreDocument>([
        ...['restore', '--from', folder.path, '--to', bootstrapServers],
        ...['--topic', source, '--as', `${source}-copy`, '--verify'],
      ])

      expect(report.verification).toMatchObject({ records: filled.records, differences: [] })
      expect(
        await checkTopics({
          bootstrapServers,
          source,
          target: `${source}-copy`,
          sameOffsets: true,
        }),
      ).toEqual({ equalRecords: filled.records, differences: [] })
    },
  )

  test.each([
    ['holes that compaction left', 'compacted', 30_000, false],
    ['times that the broker set', 'append-time', 2_000, true],
  ] as const)('%s', { timeout: 180_000 }, async (_, kind, count, appendTimeBecomesCreateTime) => {
    const target = `${kind}-copy`
    const filled = await fillTopic(kind, {
      bootstrapServers,
      topic: kind,
      records: count,
      partitions: 3,
    })
    await using folder = await temporaryFolder()
    const from = ['--from', bootstrapServers, '--topic', kind]
    await kannerySucceeds(['backup', ...from, '--to', folder.path, '--once'])

    const {
      topics: [report],
    } = await kanneryJson<RestoreDocument>([
      ...['restore', '--from', folder.path, '--to', bootstrapServers],
      ...['--topic', kind, '--as', target, '--verify'],
    ])

    expect(restoredRecords(report)).toBe(filled.records)
    expect(
      await checkTopics({ bootstrapServers, source: kind, target, appendTimeBecomesCreateTime }),
    ).toEqual({ equalRecords: filled.records, differences: [] })
  })

  test('every record without the headers that it was to lose, and with its offset in a header', {
    timeout: 180_000,
  }, async () => {
    const filled = await fillTopic('nasty', {
      bootstrapServers,
      topic: 'headers',
      records: 3_000,
      partitions: 3,
    })
    await using folder = await temporaryFolder()
    const from = ['--from', bootstrapServers, '--topic', 'headers']
    await kannerySucceeds(['backup', ...from, '--to', folder.path, '--once'])

    const {
      topics: [report],
    } = await kanneryJson<RestoreDocument>([
      ...['restore', '--from', folder.path, '--to', bootstrapServers],
      ...['--topic', 'headers', '--as', 'headers-copy', '--verify'],
      ...['--drop-headers', 'trace', '--drop-headers', 'same'],
      ...['--original-offset-header', 'origin'],
    ])

    const topics = { bootstrapServers, source: 'headers', target: 'headers-copy' }
    expect(report.verification).toMatchObject({ records: filled.records, differences: [] })
    expect(
      await checkTopics({
        ...topics,
        dropHeaders: ['trace', 'same'],
        originalOffsetHeader: 'origin',
      }),
    ).toEqual({ equalRecords: filled.records, differences: [] })
    const { differences } = await checkTopics({ ...topics, originalOffsetHeader: 'origin' })
    expect(differences[0]).toMatch(/^partition \d: source offset \d+ differs .*: headers$/)
  })

  test('the command of docs/operations/restore-many.md restores every topic under its name', {
    timeout: 180_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const sources = ['orders.eu', 'orders.us', 'orders.us.tmp']
    for (const topic of sources) {
      await fillTopic('plain', { bootstrapServers, topic, records: 600, partitions: 3 })
    }
    const topics = sources.flatMap((topic) => ['--topic', topic])
    const backup = ['backup', '--from', bootstrapServers, ...topics, '--to', folder.path]
    await kannerySucceeds([...backup, '--once'])
    const page = await readFile(join(repositoryRoot, 'docs/operations/restore-many.md'), 'utf8')
    const [, command = ''] = /```sh\nkannery (.*)\n```/.exec(page) ?? []
    const restore = command
      .replace('./backups', folder.path)
      .replace('localhost:9092', bootstrapServers)
      .replaceAll("'", '')
      .split(' ')

    const collision = await kannery(
      restore.map((word) => word.replace('=eu-orders', '=copy-orders.us')),
    )
    const contradiction = await kannery([...restore, '--map', 'orders.us=eu-orders'])
    const report = await kanneryJson([...restore, '--verify'])
    const again = await kannery(restore)

    expect(collision.stderr).toContain('2 topics would be restored into topic "copy-orders.us"')
    expect(contradiction.stderr).toContain('restored into "eu-orders", as topic "orders.eu" is')
    const verification = { records: 600, differences: [], missingOffsets: 0 }
    expect(report).toMatchObject({
      topics: [
        { topic: 'orders.eu', as: 'eu-orders', verification },
        { topic: 'orders.us', as: 'copy-orders.us', verification },
      ],
      failed: [],
    })
    for (const [source, target] of [
      ['orders.eu', 'eu-orders'],
      ['orders.us', 'copy-orders.us'],
    ] as const) {
      expect(await checkTopics({ bootstrapServers, source, target })).toEqual({
        equalRecords: 600,
        differences: [],
      })
    }
    expect(again.stderr).toContain('2 findings prevent the restore')
  })

  test('a window of time, and some partitions', { timeout: 120_000 }, async () => {
    await fillTopic('plain', { bootstrapServers, topic: 'window', records: 9_000, partitions: 3 })
    await using folder = await temporaryFolder()
    const from = ['--from', bootstrapServers, '--topic', 'window']
    await kannerySucceeds(['backup', ...from, '--to', folder.path, '--once'])
    // fill_topic gives record n the time of the first one plus n milliseconds.
    const { stdout } = await kannerySucceeds(['cat', folder.path, 'window', '-o', 'json'])
    const times = stdout
      .trimEnd()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as { timestamp: unknown }).timestamp))
    const first = Math.min(...times)
    const sinceMs = first + 2_000
    const untilMs = first + 5_000

    await kannerySucceeds([
      ...['restore', '--from', folder.path, '--to', bootstrapServers, '--topic', 'window'],
      ...['--as', 'window-copy', '--partition', '0', '--partition', '2'],
      ...['--since', String(sinceMs), '--until', String(untilMs), '--verify'],
    ])

    expect(times).toHaveLength(9_000)
    expect(
      await checkTopics({
        bootstrapServers,
        source: 'window',
        target: 'window-copy',
        partitions: [0, 2],
        sinceMs,
        untilMs,
      }),
    ).toEqual({ equalRecords: 2_000, differences: [] })
    expect(
      (
        await checkTopics({
          bootstrapServers,
          source: 'window',
          target: 'window-copy',
          partitions: [1],
          untilMs: 0,
        })
      ).differences,
    ).toEqual([])
  })
})
