import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kanneryWith, temporaryFolder } from './command-line.ts'
import { expectDocumented } from './documentation.ts'

const { bootstrapServers } = inject('kafka')
const topic = 'cli-documents'
beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records: 3000, partitions: 3 })
})

/** What a report says of a run, without what differs from run to run. */
function counts(stdout: string): unknown {
  const { topics, partitions } = JSON.parse(stdout) as Record<string, readonly object[]>
  return { topics, partitions }
}

describe('the documents that flags mean', () => {
  test('are valid, and applied do the same as the flags', async () => {
    await using byFlags = await temporaryFolder()
    await using byDocuments = await temporaryFolder()
    const backup = (path: string): string[] => {
      const segments = ['--segment-size', '1MiB', '--codec', 'none']
      const from = ['backup', '--from', bootstrapServers, '--to', path, '--topic', topic]
      return [...from, '--once', ...segments]
    }
    const flags = await kannery(...backup(byFlags.path), '-o', 'json')
    const printed = await kannery(...backup(byDocuments.path), '--dry-run', '-o', 'yaml')
    expect(printed).toMatchObject({ status: 0, stderr: '' })
    expect(printed.stdout).toMatch(/kind: Storage\n.*kind: KafkaCluster\n.*kind: Backup\n/s)
    expect(await readdir(byDocuments.path)).toEqual([])
    expect(await kanneryWith(printed.stdout, 'validate', '-f', '-')).toMatchObject({ status: 0 })

    const applied = await kanneryWith(printed.stdout, 'apply', '-f', '-', '-o', 'json')
    expect(applied.status).toBe(0)
    expect(counts(applied.stdout)).toEqual(counts(flags.stdout))
    await expectDocumented('apply', applied.stdout)

    const as = `${topic}-applied`
    const to = ['--to', bootstrapServers, '--topic', topic, '--as', as, '--verify']
    const restore = ['restore', '--from', byDocuments.path, ...to, '--since', '2020-01-01']
    const restored = await kannery(...restore, '--dry-run')
    expect(await kanneryWith(restored.stdout, 'validate', '-f', '-')).toMatchObject({ status: 0 })
    expect(await kanneryWith(restored.stdout, 'apply', '-f', '-')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('verified: 3,000 records compared, 0 differences'),
    })
    const { differences } = await checkTopics({ bootstrapServers, source: topic, target: as })
    expect(differences).toEqual([])
  })

  test('print as JSON what they print as YAML, and no report is YAML', async () => {
    const words = ['backup', '--from', 'broker:9092', '--to', '/srv/backups', '--topic', 'orders']
    const { stdout } = await kannery(...words, '--dry-run', '-o', 'json')

    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ kind: 'Storage' }, { kind: 'KafkaCluster' }, { kind: 'Backup' }],
    })
    expect(await kannery(...words, '-o', 'yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--dry-run'),
    })
    expect(await kannery('ls', '/srv/backups', '-o', 'yaml')).toMatchObject({ status: 2 })
  })

  test('hold no secret, only where it stands', async () => {
    const sasl = ['--from-sasl-mechanism', 'PLAIN', '--from-sasl-username', 'me']
    const words = ['backup', '--from', 'broker:9092', '--to', '/srv/backups', '--topic', 'orders']
    process.env['KANNERY_SASL_PASSWORD'] = 'hunter2'
    try {
      const { stdout } = await kannery(...words, ...sasl, '--dry-run')
      expect(stdout).toContain('environment: KANNERY_SASL_PASSWORD')
      expect(stdout).not.toContain('hunter2')
    } finally {
      delete process.env['KANNERY_SASL_PASSWORD']
    }
  })
})

const storage = `
apiVersion: kannery.io/v1alpha1
kind: Storage
metadata: {name: main}
spec: {folder: {path: /srv/backups}}
---
apiVersion: kannery.io/v1alpha1
kind: KafkaCluster
metadata: {name: prod}
spec: {bootstrapServers: ["localhost:9092"]}
`
const backup = (name: string, more: string): string => `
---
apiVersion: kannery.io/v1alpha1
kind: Backup
metadata: {name: ${name}}
spec: {storage: main, kafkaCluster: prod, topics: [orders]${more}}
`

describe('a restore of many topics', () => {
  const names = ['many.one', 'many.two', 'many.tmp']
  beforeAll(async () => {
    for (const name of names) {
      await fillTopic('plain', { bootstrapServers, topic: name, records: 30, partitions: 1 })
    }
  })

  test('takes those that a pattern selects, under new names, and reports each of them', async () => {
    await using folder = await temporaryFolder()
    const backup = ['backup', '--from', bootstrapServers, '--to', folder.path, '--topic', 'many.*']
    expect(await kannery(...backup, '--once')).toMatchObject({ status: 0 })
    const restore = ['restore', '--from', folder.path, '--to', bootstrapServers]
    const selected = ['--topic', 'many.*', '--exclude', '*.tmp']
    const copies = ['--prefix', 'copy-', '--suffix', '.1', '--verify']

    const { stdout } = await kannery(...restore, ...selected, ...copies, '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      topics: [
        { topic: 'many.one', as: 'copy-many.one.1', verification: { records: 30 } },
        { topic: 'many.two', as: 'copy-many.two.1', verification: { records: 30 } },
      ],
      failed: [],
    })
    // None is written where one of them cannot be.
    const refused = await kannery(
      ...restore,
      '--topic',
      'many.*',
      '--prefix',
      'copy-',
      '--suffix',
      '.1',
    )
    expect(refused).toMatchObject({
      status: 55,
      stderr: expect.stringMatching(/copy-many\.one\.1.*copy-many\.two\.1/s),
    })
    expect(await kannery(...restore, '--topic', 'many.*', '--as', 'x')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--prefix'),
    })
  })
})

describe('kannery validate', () => {
  test('reports all problems of all files, and what is valid of them', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [join(folder.path, 'one.yaml'), join(folder.path, 'two.yaml')]
    await writeFile(one, storage + backup('a', ', memory: 64M'))
    await writeFile(two, backup('b', ', codec: gzip, tpics: [x]'))
    const text = await kannery('validate', '-f', one, '-f', two)
    const json = await kannery('validate', '-f', one, '-f', two, '-o', 'json')

    expect(text.status).toBe(2)
    expect(text.stdout).toMatch(
      /one\.yaml: Storage "main" is valid\n.*one\.yaml:16: Backup "a": spec\.memory: .*64MiB.*two\.yaml:6: .*codec.*two\.yaml:6: .*tpics.* Did you mean topics\?\n$/s,
    )
    expect(text.stderr).toContain('the documents have 3 problems')
    await expectDocumented('validate', json.stdout)
  })

  test('names a file that cannot be read', async () => {
    expect(await kannery('validate', '-f', '/nowhere.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('/nowhere.yaml'),
    })
  })
})

describe('kannery apply', () => {
  const once = ', once: {}'

  test.each([
    ['a document that is wrong', storage + backup('a', ', memory: 64M'), /spec\.memory/],
    ['nothing to run', storage, /nothing to run/],
    ['a reference to no document', backup('a', once), /there is no Storage "main"/],
    [
      'a backup without an end before another',
      storage + backup('a', '') + backup('b', once),
      /Backup "a": what follows it would never run/,
    ],
  ])('refuses %s before it runs anything', async (_name, documents, message) => {
    expect(await kanneryWith(documents, 'apply', '-f', '-')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })
})
