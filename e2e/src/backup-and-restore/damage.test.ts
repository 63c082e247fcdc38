import { cp, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

const dataCorruptStatus = 36
const topic = 'damaged'
const records = 6_000
const partitions = 2

let whole: TemporaryFolder
beforeAll(async () => {
  whole = await temporaryFolder()
  await fillTopic('plain', { bootstrapServers, topic, records, partitions, valueBytes: 600 })
  await kannerySucceeds([
    ...['backup', '--from', bootstrapServers, '--topic', topic, '--to', whole.path, '--once'],
    ...['--segment-size', '1500kB', '--codec', 'none'],
  ])
})
afterAll(() => whole[Symbol.asyncDispose]())

interface Damaged extends AsyncDisposable {
  readonly folder: string
  /** As `verify` names it. */
  readonly key: string
  readonly position: number
}

/** A copy of the backup in which one bit of one byte is another: `at` of the file's length. */
async function flip(name: (files: readonly string[]) => string, at: number): Promise<Damaged> {
  const scratch = await temporaryFolder()
  await cp(whole.path, scratch.path, { recursive: true })
  const files = (await readdir(join(scratch.path, topic))).sort()
  const key = `${topic}/${name(files)}`
  const path = join(scratch.path, key)
  const { size } = await stat(path)
  const position = Math.min(Math.floor(size * at), size - 1)
  await using file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, position)
  byte.writeUInt8(byte.readUInt8() ^ 4)
  await file.write(byte, 0, 1, position)
  return {
    folder: scratch.path,
    key,
    position,
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  }
}

const firstSegment = (files: readonly string[]): string =>
  files.find((file) => file.endsWith('.kan')) ?? ''
const theIndex = (): string => 'index'

interface Finding {
  readonly key: string
  readonly from?: number
  readonly to?: number
}

async function findings(folder: string): Promise<readonly Finding[]> {
  const { status, stdout } = await kannery(['verify', folder, '-o', 'json'])
  expect(status).toBe(dataCorruptStatus)
  return (JSON.parse(stdout) as { findings: Finding[] }).findings
}

describe('one flipped bit', () => {
  test('the backup is whole before a bit is flipped', async () => {
    await kannerySucceeds(['verify', whole.path])
  })

  test.each([
    ['the first byte of a segment', firstSegment, 0],
    ['a segment, in its first chunk', firstSegment, 0.01],
    ['a segment, in the middle', firstSegment, 0.5],
    ['a segment, in its footer', firstSegment, 0.9999],
    ['the last byte of a segment', firstSegment, 1],
    ['the index, at its start', theIndex, 0.05],
    ['the index, in the middle', theIndex, 0.5],
    ['the index, at its end', theIndex, 0.99],
  ] as const)('%s: verify names the file and the bytes', async (_, name, at) => {
    await using damaged = await flip(name, at)

    const found = await findings(damaged.folder)
    const { stdout } = await kannery(['verify', damaged.folder])

    expect(found).toHaveLength(1)
    const { key, from = -1, to = -1 } = found[0] ?? { key: '' }
    expect(key).toBe(damaged.key)
    expect(from).toBeLessThanOrEqual(damaged.position)
    expect(to).toBeGreaterThan(damaged.position)
    expect(stdout).toMatch(new RegExp(`DAMAGED +${damaged.key} +${from}\\.\\.${to} `))
  })

  test('a record with a flipped bit is refused by cat and restore, which give all the rest on request', async () => {
    await using damaged = await flip(firstSegment, 0.5)
    const restore = [
      'restore',
      '--from',
      damaged.folder,
      '--to',
      bootstrapServers,
      '--topic',
      topic,
    ]

    const refusedCat = await kannery(['cat', damaged.folder, topic])
    const refusedRestore = await kannery([...restore, '--as', 'damaged-refused'])
    const cat = await kannerySucceeds([
      'cat',
      damaged.folder,
      topic,
      '--skip-damaged',
      '-o',
      'json',
    ])
    const {
      topics: [report],
    } = await kanneryJson<RestoreDocument>([
      ...[...restore, '--as', 'damaged-rest', '--skip-damaged'],
    ])

    for (const refused of [refusedCat, refusedRestore]) {
      expect(refused.status).toBe(dataCorruptStatus)
      expect(refused.stderr).toContain(damaged.key)
      expect(refused.stderr).toContain('DATA_CORRUPT (exit 36)')
    }
    expect(cat.stderr).toContain(`of ${damaged.key}`)
    const restored = report.partitions.reduce((sum, partition) => sum + partition.records, 0)
    expect(cat.stdout.trimEnd().split('\n')).toHaveLength(restored)
    expect(report.skippedDamage).toEqual([expect.objectContaining({ key: damaged.key })])
    // A chunk holds up to 1 MiB of one partition.
    expect(restored).toBeGreaterThan(records / 2)
    const { equalRecords, differences } = await checkTopics({
      bootstrapServers,
      source: topic,
      target: 'damaged-rest',
    })
    expect(equalRecords).toBe(restored)
    expect(differences.length).toBeGreaterThan(0)
    for (const difference of differences) expect(difference).toMatch(/is missing|differences more/)
  })

  test('an index with a flipped bit is neither used nor overwritten', async () => {
    await using damaged = await flip(theIndex, 0.5)
    const words = ['--topic', topic, '--once', '--from', bootstrapServers, '--to', damaged.folder]

    const cat = await kannery(['cat', damaged.folder, topic])
    const backup = await kannery(['backup', ...words])

    expect([cat.status, backup.status]).toEqual([dataCorruptStatus, dataCorruptStatus])
    expect(await findings(damaged.folder)).toHaveLength(1)
  })
})

interface RestoreDocument {
  readonly topics: readonly [RestoredTopic]
}

interface RestoredTopic {
  readonly partitions: readonly { readonly records: number }[]
  readonly skippedDamage: readonly { readonly key: string }[]
}
