import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { freePorts } from '@kannery/testing/servers/processes/free-ports'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type KanneryOptions,
  type KanneryRun,
  kannery,
  kannerySucceeds,
} from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'input'
const records = 500
beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records, partitions: 2 })
})

/** `CODE (exit N)`, as the error's last line has it. */
type Code = `${string} (exit ${number})`

/** An error for a person: what happened, what to do, its code and exit status, and no stack. */
function expectError(ended: KanneryRun, code: Code): void {
  expect(ended.stderr).toContain(code)
  expect(String(ended.status)).toBe(/exit (\d+)/.exec(code)?.[1])
  expect(ended.stderr).toMatch(/^[a-z]+ ?[a-z]*: \S/m)
  expect(ended.stderr).toMatch(/what now\s+\S/)
  expect(ended.stderr).not.toMatch(/^\s+at /m)
}

function backup(
  to: string,
  words: readonly string[] = [],
  options: KanneryOptions = {},
): Promise<KanneryRun> {
  const from = ['backup', '--from', bootstrapServers, '--to', to, '--topic', topic, '--once']
  return kannery([...from, ...words], options)
}

describe('an error about Kafka', () => {
  test('says that no broker listens at the address', async () => {
    await using folder = await temporaryFolder()
    const [port] = await freePorts(1)
    const words = ['--to', folder.path, '--topic', topic, '--once']

    const ended = await kannery(['backup', '--from', `127.0.0.1:${port}`, ...words])

    expectError(ended, 'KAFKA_UNREACHABLE (exit 50)')
    expect(ended.stderr).toContain(`127.0.0.1:${port}`)
    // The hidden machinery of the volume apart.
    expect(await readdir(folder.path)).not.toContain(topic)
  })

  test.each([
    ['an unknown topic', 'no-such-topic'],
    ['a glob that matches nothing', 'no-such-*'],
    ['a regular expression that matches nothing', '/^no-such-.*$/'],
  ])('%s', async (_, pattern) => {
    await using folder = await temporaryFolder()
    const words = ['--from', bootstrapServers, '--to', folder.path, '--once']

    const ended = await kannery(['backup', ...words, '--topic', pattern])

    expectError(ended, 'KAFKA_TOPIC_UNKNOWN (exit 54)')
    expect(ended.stderr).toContain(pattern)
  })

  test('says that the target topic is not empty', async () => {
    await using folder = await temporaryFolder()
    expect(await backup(folder.path)).toMatchObject({ status: 0 })

    const ended = await kannery([
      ...['restore', '--from', folder.path, '--to', bootstrapServers, '--topic', topic],
    ])

    expectError(ended, 'KAFKA_TOPIC_NOT_EMPTY (exit 55)')
    // Nothing was added to it.
    const itself = { bootstrapServers, source: topic, target: topic }
    expect(await checkTopics(itself)).toEqual({ equalRecords: records, differences: [] })
  })
})

describe('an error about the storage', () => {
  test('says that a folder may not be written', async () => {
    await using folder = await temporaryFolder()
    const target = join(folder.path, 'read-only')
    await mkdir(target)
    await chmod(folder.path, 0o755)
    await chmod(target, 0o555)
    // Root may write anywhere: then another user tries.
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

    const ended = await backup(target, [], process.getuid?.() === 0 ? { under: nobody } : {})

    expectError(ended, 'STORAGE_DENIED (exit 17)')
    expect(ended.stderr).toContain(target)
    expect(await readdir(target)).toEqual([])
  })

  test('says that the disk is full; the backup continues when there is room', async () => {
    const large = 'larger-than-the-disk'
    const filled = await fillTopic('plain', {
      bootstrapServers,
      topic: large,
      records: 20_000,
      partitions: 2,
      valueBytes: 1_000,
    })
    await using folder = await temporaryFolder()
    const results = join(folder.path, 'results')
    const disk = join(folder.path, 'disk')
    await mkdir(results)
    await mkdir(disk)
    const words = ['--from', bootstrapServers, '--topic', large, '--to', disk, '--once']
    const segments = ['--codec', 'none', '--segment-size', '2MB']

    await kannerySucceeds(['backup', ...words, ...segments], { under: onSmallDisk(disk, results) })
    const said = (name: string): Promise<string> => readFile(join(results, name), 'utf8')

    const full = {
      status: Number(await said('full.status')),
      stdout: '',
      stderr: await said('full'),
    }
    expectError(full, 'STORAGE_FULL (exit 22)')
    expect(await said('verified.status')).toBe('0\n')
    const before = JSON.parse(await said('shown')) as { summary: { records: number } }
    expect(before.summary.records).toBeGreaterThan(0)
    expect(before.summary.records).toBeLessThan(filled.records)
    const lines = (await said('read')).trimEnd().split('\n')
    expect(lines).toHaveLength(filled.records)
    expect(new Set(lines).size).toBe(filled.records)
  })

  test.each<[string, string, Code]>([
    [
      'an index of a later format',
      'format: 99\ntopic: "input"\n',
      'DATA_VERSION_UNSUPPORTED (exit 37)',
    ],
    ['an index that is not ours at all', 'hello: world\n', 'INDEX_FOREIGN (exit 35)'],
    ['an index that is not even YAML', '\u0000\u0001{{{', 'INDEX_FOREIGN (exit 35)'],
  ])('%s is refused, and never overwritten', async (_, content, code) => {
    await using folder = await temporaryFolder()
    const index = join(folder.path, topic, 'index')
    await mkdir(join(folder.path, topic))
    await writeFile(index, content)

    expectError(await backup(folder.path), code)
    expectError(await kannery(['show', folder.path, topic]), code)
    expectError(await kannery(['cat', folder.path, topic]), code)
    expect(await readFile(index, 'utf8')).toBe(content)
    expect(
      (await readdir(join(folder.path, topic))).filter((name) => name.endsWith('.kan')),
    ).toEqual([])
  })

  test('says that the backup does not have the topic', async () => {
    await using folder = await temporaryFolder()
    const restore = [
      'restore',
      '--from',
      folder.path,
      '--to',
      bootstrapServers,
      '--topic',
      'absent',
    ]

    for (const words of [
      restore,
      ['cat', folder.path, 'absent'],
      ['show', folder.path, 'absent'],
    ]) {
      expectError(await kannery(words), 'STORAGE_NOT_FOUND (exit 10)')
    }
  })
})

describe('an error about the command line', () => {
  test.each([
    ['a URL without a storage', 'ftp://host/folder'],
    ['a URL that is broken', 's3://'],
    ['a folder with a host', 'file://host/folder'],
    ['a URL that holds a secret', 's3://key:secret@bucket/prefix'],
    ['no URL at all', ''],
  ])('%s', async (_, url) => {
    const ended = await backup(url)

    expectError(ended, 'CONFIG_INVALID (exit 2)')
    expect(ended.stderr).not.toContain('key:secret')
  })

  test.each([
    ['an unknown command', ['bakcup']],
    ['an unknown option', ['ls', '.', '--no-such-option']],
    ['a missing argument', ['show', '.']],
    ['a time that is none', ['cat', '.', topic, '--since', 'yesterday']],
    [
      'a size that is none',
      ['backup', '--from', 'a:1', '--to', '.', '-t', 'x', '--memory', 'much'],
    ],
  ])('%s', async (_, words) => {
    expectError(await kannery(words), 'CONFIG_INVALID (exit 2)')
  })

  test('is a document with -o json, and has its stack with --debug', async () => {
    const json = await kannery(['cat', '.', topic, '--since', 'yesterday', '-o', 'json'])
    const debug = await kannery(['cat', '.', topic, '--since', 'yesterday', '--debug'])

    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'CONFIG_INVALID', exitStatus: 2, remedy: expect.any(String) },
    })
    expect(debug.stderr).toMatch(/^\s+at /m)
  })
})

/**
 * Returns a shell command that mounts a disk of 8 MB in a namespace of its own, backs up until the
 * disk is full, verifies and shows the backup, enlarges the disk, and backs up again. It ends with
 * the status of that last backup.
 */
function onSmallDisk(disk: string, results: string): readonly string[] {
  const script = `
    mount -t tmpfs -o size=8m kannery "$disk" || exit 99
    "$@" 2>"$results/full"; echo $? >"$results/full.status"
    "$1" "$2" verify "$disk"; echo $? >"$results/verified.status"
    "$1" "$2" show "$disk" larger-than-the-disk -o json >"$results/shown"
    mount -o remount,size=64m kannery "$disk" || exit 99
    "$@" || exit
    "$1" "$2" cat "$disk" larger-than-the-disk -o json >"$results/read"`
  const namespace = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const variables = [`disk=${disk}`, `results=${results}`]
  return ['env', ...variables, 'unshare', ...namespace, '--mount', 'sh', '-c', script, 'sh']
}
