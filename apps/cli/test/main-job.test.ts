import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fillTopic } from '@kannery/testing/python/topics'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, start, temporaryFolder } from './command-line.ts'

const { bootstrapServers } = inject('kafka')
const topic = 'cli-orders'
const records = 3000
beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records, partitions: 3 })
})

function backup(folder: string, ...words: readonly string[]) {
  return startBackup(folder, ...words).outcome
}

function startBackup(folder: string, ...words: readonly string[]) {
  return start('backup', '--from', bootstrapServers, '--to', folder, '--topic', topic, ...words)
}

function restoreOf(folder: string): readonly string[] {
  return ['restore', '--from', folder, '--to', bootstrapServers, '--topic', topic]
}

function documents(lines: string): Record<string, unknown>[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the command line with a broker', () => {
  test('a topic is backed up, shown, restored and compared', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    expect(await backup(path, '--once')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^TOPIC .*\ncli-orders +3 +3,000 /),
    })
    expect((await kannery('ls', path)).stdout).toMatch(/^TOPIC .*\ncli-orders +3 +3,000 /)
    expect((await kannery('show', path, topic)).stdout).toMatch(/^topic +cli-orders\n/)
    expect(await kannery('verify', path)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('nothing is damaged'),
    })

    const restored = await kannery(...restoreOf(path), '--as', `${topic}-copy`, '--verify')
    expect(restored).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('verified: 3,000 records compared, 0 differences'),
    })
  })

  test('a second run continues where the first one ended', async () => {
    await using folder = await temporaryFolder()
    await backup(folder.path, '--once')
    const again = await backup(folder.path, '--once', '-o', 'json')

    expect(documents(again.stdout)).toEqual([
      { topics: [expect.objectContaining({ topic, records: 0, segments: 0 })], failed: [] },
    ])
  })

  test('each result is a document with -o json, and cat prints one per record', async () => {
    await using folder = await temporaryFolder()
    await backup(folder.path, '--once')
    const all = await kannery('cat', folder.path, topic, '-o', 'json')
    const one = await kannery('cat', folder.path, topic, '-o', 'json', '--partition', '1')
    const [listed] = documents((await kannery('ls', folder.path, '-o', 'json')).stdout)

    expect(documents(all.stdout)).toHaveLength(records)
    expect(new Set(documents(one.stdout).map(({ partition }) => partition))).toEqual(new Set([1]))
    expect(documents(one.stdout)[0]).toMatchObject({
      partition: 1,
      offset: 0,
      timestamp: expect.stringMatching(/^\d+$/),
      headers: expect.any(Array),
    })
    expect(listed).toMatchObject({ topics: [{ topic, records }] })
  })

  test('a reader that closes the output ends cat without an error', async () => {
    await using folder = await temporaryFolder()
    await backup(folder.path, '--once')
    const printing = start('cat', folder.path, topic)
    printing.closeStdout()

    expect(await printing.outcome).toMatchObject({ status: 0, stderr: '' })
  })

  test('a flipped byte is reported and refused, and the rest can be restored', async () => {
    await using folder = await temporaryFolder()
    await backup(folder.path, '--once', '--codec', 'none')
    const names = await readdir(join(folder.path, topic))
    const segment = names.find((name) => name.endsWith('.kan')) ?? ''
    const path = join(folder.path, topic, segment)
    const bytes = await readFile(path)
    const position = 5000
    await writeFile(path, bytes.fill((bytes[position] ?? 0) ^ 1, position, position + 1))

    const verified = await kannery('verify', folder.path, '-o', 'json')
    expect(verified.status).toBe(36)
    const [report] = documents(verified.stdout) as [{ findings: { from: number; to: number }[] }]
    expect(report.findings).toEqual([expect.objectContaining({ key: `${topic}/${segment}` })])
    const [finding] = report.findings
    expect(finding?.from).toBeLessThanOrEqual(position)
    expect(finding?.to).toBeGreaterThan(position)

    expect(await kannery('cat', folder.path, topic)).toMatchObject({
      status: 36,
      stderr: expect.stringContaining(segment),
    })
    const rest = await kannery('cat', folder.path, topic, '--skip-damaged')
    expect(rest.status).toBe(0)
    expect(rest.stderr).toMatch(
      new RegExp(`^left out: bytes \\d+\\.\\.\\d+ of ${topic}/${segment}`),
    )
    expect(rest.stdout.length).toBeGreaterThan(1000)
  })

  test('a held lease is reported with its holder, waited for, or broken', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const first = startBackup(path, '-o', 'json')
    await heldLease(path)

    const refused = await backup(path, '--once')
    expect(refused.status).toBe(32)
    expect(refused.stderr).toMatch(
      /^storage error: resource already held by someone else\n {2}what {6}topic "cli-orders" in \S+ has been written by .* \(pid \d+, kannery .*\n {2}until {5}it counts as orphaned at .*\n {2}what now {2}.*\n {2}code {6}LEASE_HELD \(exit 32\)\n$/,
    )
    expect(await kannery('lease', 'break', path, topic)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('held by'),
    })

    const waiting = startBackup(path, '--once', '--wait', '--lease-ttl', '1s')
    await waiting.said(/^warning: storage error: resource already held/)
    first.interrupt('SIGINT')
    expect((await first.outcome).status).toBe(0)
    expect((await waiting.outcome).status).toBe(0)
    expect(await kannery('lease', 'ls', path, '-o', 'json')).toMatchObject({
      stdout: '{"leases":[],"failed":[]}\n',
    })
  })

  test('of two topics of which one is held, the other is backed up and reported', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const other = 'cli-payments'
    await fillTopic('plain', { bootstrapServers, topic: other, records: 30, partitions: 1 })
    const holder = startBackup(path)
    await heldLease(path)

    const both = await backup(path, '--topic', other, '--once', '-o', 'json')
    expect(both.status).toBe(32)
    expect(documents(both.stdout)).toMatchObject([
      { topics: [{ topic: other, records: 30 }], failed: [{ topic, code: 'LEASE_HELD' }] },
    ])
    holder.interrupt('SIGINT')
    await holder.outcome
  })

  /** Resolves when the topic has a writer. */
  async function heldLease(path: string): Promise<void> {
    for (;;) {
      const { stdout } = await kannery('lease', 'ls', path, '-o', 'json')
      if (stdout.includes('"topic"')) return
    }
  }

  /** Resolves when a backup has read so many records. */
  async function captured(metrics: string, records: number): Promise<void> {
    for (;;) {
      const text = await (await fetch(metrics)).text()
      const counts = [...text.matchAll(/^kannery_captured_records_total\{.*\} (\d+)$/gm)]
      if (counts.reduce((sum, [, count]) => sum + Number(count), 0) >= records) return
    }
  }

  test('Ctrl-C commits what is open and releases the lease; a second one stops at once', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const following = startBackup(path, '--metrics', '0')
    const [, metrics = ''] = await following.said(/^metrics: (\S+)$/m)
    await captured(metrics, 3000)
    following.interrupt('SIGINT')
    const outcome = await following.outcome
    expect(outcome.status).toBe(0)
    expect(outcome.stderr).toContain('finishing: committing what is open and releasing the leases')
    expect(outcome.stdout).toMatch(/cli-orders +3 +3,000 /)
    const names = (await readdir(path, { recursive: true })).filter((name) => !name.includes('/.'))
    expect(names.filter((name) => /__lease|~workers\//.test(name))).toEqual([])

    const stopped = startBackup(path)
    await heldLease(path)
    stopped.interrupt('SIGINT', 'SIGTERM')
    // Two threads of a process may take them in either order: the status is that of the second.
    expect([130, 143]).toContain((await stopped.outcome).status)
  })

  test('what prevents a restore is reported with its own status, and nothing is written', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const from = (address: string, name: string) =>
      kannery('backup', '--from', address, '--to', path, '--topic', name, '--once')
    const clear = (status: number, code: string) => ({
      status,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^\\w+ error: .*what now.*${code} \\(exit`, 's')),
    })

    expect(await from('localhost:1', topic)).toMatchObject(clear(50, 'KAFKA_UNREACHABLE'))
    expect(await from(bootstrapServers, 'nope')).toMatchObject(clear(54, 'KAFKA_TOPIC_UNKNOWN'))
    expect(await readdir(path)).toEqual(['.kannery'])

    await backup(path, '--once')
    const restore = ['restore', '--from', path, '--to', bootstrapServers, '--topic']
    expect(await kannery(...restore, topic)).toMatchObject(clear(55, 'KAFKA_TOPIC_NOT_EMPTY'))
    expect(await kannery(...restore, 'nope')).toMatchObject(clear(10, 'STORAGE_NOT_FOUND'))
  })
})
