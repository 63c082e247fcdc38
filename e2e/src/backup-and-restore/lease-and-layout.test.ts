import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { runPython } from '@kannery/testing/python/python'
import { fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds, startKannery } from '../command-line/kannery.ts'
import { temporaryFolder } from '../command-line/temporary-folder.ts'
import { until } from '../command-line/until.ts'

const { bootstrapServers } = inject('kafka')

const leaseHeldStatus = 32
const ulid = '[0-7][0-9A-HJKMNP-TV-Z]{25}'
const machinery = /(^|\/)\.kannery(\/|$)/

/**
 * Everything below a folder, folders with a slash at the end; the volume's hidden machinery apart.
 */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .map((entry) => {
      const path = relative(folder, join(entry.parentPath, entry.name))
      return entry.isDirectory() ? `${path}/` : path
    })
    .filter((path) => !machinery.test(path))
    .sort()
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

describe('one writer for a topic', () => {
  test('a second backup is refused while the first runs, and nothing of the lease stays after a clean stop', async () => {
    const topic = 'held'
    await fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 2 })
    await using folder = await temporaryFolder()
    const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder.path]
    await using first = startKannery(words)
    await until('the lease', () => isThere(join(folder.path, topic, '__lease')))

    const second = await kannery(words)
    const leases = await kanneryJson<{ leases: { topic: string; holder: string }[] }>([
      ...['lease', 'ls', folder.path],
    ])
    const stopped = await first.interrupt()

    expect(second.status).toBe(leaseHeldStatus)
    expect(second.stderr).toMatch(/^storage error: resource already held by someone else$/m)
    // Who, since when, until when, and what to do.
    expect(second.stderr).toContain(`pid ${first.pid}`)
    expect(second.stderr).toMatch(/since .*\d\d:\d\d:\d\d/)
    expect(second.stderr).toMatch(/orphaned at .*\d\d:\d\d:\d\d/)
    expect(second.stderr).toMatch(/what now\s+\S+/)
    expect(second.stderr).toContain('LEASE_HELD (exit 32)')
    expect(leases.leases).toEqual([expect.objectContaining({ topic })])
    expect(leases.leases[0]?.holder).toContain(`pid ${first.pid}`)
    expect(stopped.status).toBe(0)
    const left = await filesOf(folder.path)
    expect(left.filter((path) => path.includes('__lease'))).toEqual([])
    expect(left.filter((path) => path.startsWith('~workers/') && path !== '~workers/')).toEqual([])
    await kannerySucceeds([...words, '--once'])
  })
})

describe('the folder of a backup', () => {
  test('holds exactly the layout, readable by its owner alone', async () => {
    const topic = 'laid-out'
    await fillTopic('plain', { bootstrapServers, topic, records: 3_000, partitions: 3 })
    await using folder = await temporaryFolder()
    const target = join(folder.path, 'backups')
    const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', target]

    await kannerySucceeds([...words, '--once', '--segment-size', '300kB', '--codec', 'none'], {
      under: ['sh', '-c', 'umask 000 && exec "$@"', 'sh'],
    })

    const files = await filesOf(target)
    const segments = files.filter((path) => path.endsWith('.kan'))
    expect(segments.length).toBeGreaterThan(1)
    for (const path of segments) expect(path).toMatch(new RegExp(`^${topic}/${ulid}\\.kan$`))
    const rest = files.filter((path) => !segments.includes(path) && path !== '~workers/')
    expect(rest).toEqual([`${topic}/`, `${topic}/index`])
    for (const path of await readdir(target, { recursive: true })) {
      const status = await stat(join(target, path))
      const mode = (status.mode & 0o777).toString(8)
      expect([path, mode]).toEqual([path, status.isDirectory() ? '700' : '600'])
    }
    expect((await stat(target)).mode & 0o777).toBe(0o700)
  })

  test('has an index that any YAML parser reads', async () => {
    const topic = 'parsed'
    await fillTopic('plain', { bootstrapServers, topic, records: 1_000, partitions: 4 })
    await using folder = await temporaryFolder()
    await kannerySucceeds([
      ...['backup', '--from', bootstrapServers, '--topic', topic, '--to', folder.path, '--once'],
    ])
    const file = join(folder.path, topic, 'index')

    const { stdout } = await runPython('yaml_to_json.py', [file])
    const index = JSON.parse(stdout) as IndexDocument

    expect(index).toMatchObject({ format: 1, topic, pages: [], gaps: [], epoch: 1 })
    expect(index.incarnations).toEqual([expect.objectContaining({ n: 0, partitions: 4 })])
    expect(index.segments.reduce((sum, { records }) => sum + records, 0)).toBe(1_000)
    const lines = (await readFile(file, 'utf8')).split('\n')
    const entries = lines.filter((line) => line.startsWith('  - '))
    expect(entries.map((line) => JSON.parse(line.slice(4)) as unknown)).toEqual([
      ...index.incarnations,
      ...index.segments,
    ])
  })
})

interface IndexDocument {
  readonly incarnations: readonly unknown[]
  readonly segments: readonly { readonly records: number }[]
}
