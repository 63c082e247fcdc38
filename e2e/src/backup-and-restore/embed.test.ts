import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { run } from '@kannery/testing/servers/processes/run'
import { describe, expect, inject, test } from 'vitest'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const example = join(repositoryRoot, 'examples/embed')
const script = join(example, 'backup-and-restore.ts')

describe('a program that embeds the runtime', () => {
  test('has at most 40 lines', async () => {
    expect((await readFile(script, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(40)
  })

  test('backs a topic up and restores it from the documents of the example', {
    timeout: 120_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const filled = await fillTopic('plain', {
      bootstrapServers,
      topic: 'orders',
      records: 3000,
      partitions: 3,
    })
    const documents = (await readFile(join(example, 'documents.yaml'), 'utf8'))
      .replace('localhost:9092', bootstrapServers)
      .replace('/srv/backups', folder.path)
    const file = join(folder.path, 'documents.yaml')
    await writeFile(file, documents)

    const lines = (await run(process.execPath, [script, file])).trimEnd().split('\n')

    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { topics: [{ topic: 'orders', records: filled.records }], failed: [] },
      {
        topics: [{ as: 'orders-copy', verification: { records: filled.records, differences: [] } }],
        failed: [],
      },
    ])
    expect(
      await checkTopics({ bootstrapServers, source: 'orders', target: 'orders-copy' }),
    ).toEqual({ equalRecords: filled.records, differences: [] })
  })
})
