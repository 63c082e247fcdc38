import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kannery, kannerySucceeds } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

const records = 3_000
const partitions = 3
const missing = 34
const corrupt = 36
const whole = 38

/** The page's commands, in its order, for another folder and topic. */
async function commandsOf(page: string, folder: string, topic: string): Promise<string[][]> {
  const text = await readFile(join(repositoryRoot, 'docs/operations', page), 'utf8')
  return [...text.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.trim().split('\n'))
    .map((line) => line.replace('./backups', folder).replace('orders', topic).split(' ').slice(1))
}

function backupTo(folder: string, topic: string): Promise<unknown> {
  const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder]
  return kannerySucceeds([...words, '--once', '--segment-size', '64KiB'])
}

/** Restores beside the source, and compares with a client that is not ours. */
async function expectRestorable(folder: string, source: string, expected: number): Promise<void> {
  const target = `${source}-copy`
  await kannerySucceeds([
    ...['restore', '--from', folder, '--to', bootstrapServers],
    ...['--topic', source, '--as', target, '--verify'],
  ])
  expect(await checkTopics({ bootstrapServers, source, target })).toEqual({
    equalRecords: expected,
    differences: [],
  })
}

describe('docs/operations/lost-index.md', () => {
  test('rebuilds a missing index, and the backup continues and restores everything', async () => {
    const topic = 'index-lost'
    await fillTopic('plain', { bootstrapServers, topic, records, partitions })
    await using folder = await temporaryFolder()
    await backupTo(folder.path, topic)
    const index = join(folder.path, topic, 'index')
    await rm(index)
    const backup = ['backup', '--from', bootstrapServers, '--to', folder.path, '--topic', topic]
    expect(await kannery([...backup, '--once'])).toMatchObject({ status: missing })

    const outputs: string[] = []
    for (const words of await commandsOf('lost-index.md', folder.path, topic)) {
      outputs.push((await kannerySucceeds(words)).stdout)
    }
    await fillTopic('plain', { bootstrapServers, topic, records, partitions, append: true })
    await backupTo(folder.path, topic)

    const [dryRun, rebuilt, verified] = outputs
    expect(dryRun).toContain(`would be rebuilt: topic "${topic}"`)
    expect(rebuilt).toMatch(/^LOST .*retention|^LOST .*expiry/m)
    expect(rebuilt).toContain(`rebuilt: topic "${topic}"`)
    expect(rebuilt).toContain(' 3,000 records')
    expect(verified).toContain('nothing is damaged')
    await expectRestorable(folder.path, topic, 2 * records)
  })

  test('replaces a damaged index, and not an intact one', async () => {
    const topic = 'index-damaged'
    await fillTopic('plain', { bootstrapServers, topic, records, partitions })
    await using folder = await temporaryFolder()
    await backupTo(folder.path, topic)
    const index = join(folder.path, topic, 'index')
    const rebuild = ['index', 'rebuild', folder.path, topic]
    const before = await readFile(index)

    expect(await kannery(rebuild)).toMatchObject({ status: whole })
    expect(await readFile(index)).toEqual(before)
    await writeFile(index, before.subarray(0, before.length / 2))
    expect(await kannery(['show', folder.path, topic])).toMatchObject({ status: corrupt })
    await kannerySucceeds(rebuild)

    await expectRestorable(folder.path, topic, records)
  })
})
