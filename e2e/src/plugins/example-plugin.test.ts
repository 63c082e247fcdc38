import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { run } from '@kannery/testing/servers/processes/run'
import { hold } from '@kannery/testing/storages/contest'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kannerySucceeds } from '../command-line/kannery.ts'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'
import { type Manifest, packPackage } from '../packing/packed-package.ts'

const { bootstrapServers } = inject('kafka')
const example = join(repositoryRoot, 'examples/plugin-sqlite')
const published = ['@kannery/storage', '@kannery/storage/backend', '@kannery/storage-testkit']

/** A stranger's folder: the example beside packed packages, and nothing else of the repository. */
let outside: TemporaryFolder
let plugin: string
beforeAll(async () => {
  outside = await temporaryFolder()
  plugin = join(outside.path, 'plugin-sqlite')
  await cp(example, plugin, { recursive: true })
  await dependOnTarballs()
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: plugin })
}, 120_000)
afterAll(() => outside[Symbol.asyncDispose]())

async function dependOnTarballs(): Promise<void> {
  const [storage, testkit] = await Promise.all(
    ['packages/storage', 'packages/storage-testkit'].map(async (folder, index) => {
      const destination = join(outside.path, String(index))
      await run('mkdir', [destination])
      return await packPackage(folder, destination)
    }),
  )
  const path = join(plugin, 'package.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest
  const dependencies = { '@kannery/storage': `file:${storage?.tarball}` }
  const devDependencies = { '@kannery/storage-testkit': `file:${testkit?.tarball}` }
  await writeFile(path, JSON.stringify({ ...manifest, dependencies, devDependencies }))
}

describe('the example plugin', () => {
  test('keeps every promise of the contract, and skips none', { timeout: 120_000 }, async () => {
    const report = await run('node', ['--test', '--test-reporter=tap'], { cwd: plugin })
    const count = (word: string): number =>
      Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(report)?.[1])

    expect(count('pass')).toBeGreaterThan(50)
    expect([count('fail'), count('skipped'), count('todo'), count('cancelled')]).toEqual([
      0, 0, 0, 0,
    ])
  })

  test('is fair to processes that contend for an object', { timeout: 120_000 }, async () => {
    const pluginModule = pathToFileURL(join(plugin, 'src/plugin.js')).href
    const config = { path: join(outside.path, 'contest.db') }
    const contest = { contenders: 8, creations: 50, additions: 50 }

    expect(await hold({ pluginModule, config, packed: true }, contest)).toEqual({
      unfair: [],
      counted: 8 * 50,
    })
  })

  test('imports what is published, and nothing else', async () => {
    const files = await readdir(example, { recursive: true })
    const code = files.filter((file) => file.endsWith('.js'))
    for (const file of code) {
      const text = await readFile(join(example, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)) {
        const own = name.startsWith('./') || name === '../src/plugin.js'
        const isPublished = published.some((one) => name === one || name.startsWith(`${one}/`))
        expect(own || name.startsWith('node:') || isPublished, name).toBe(true)
      }
    }
    expect(code.length).toBeGreaterThan(5)
  })

  test('is added by its tarball, and keeps a topic', { timeout: 120_000 }, async () => {
    const packed = (await run('npm', ['pack', '--silent'], { cwd: plugin })).trim()
    const env = { KANNERY_PLUGIN_FOLDER: join(outside.path, 'plugins') }
    await kannerySucceeds(['plugin', 'add', join(plugin, packed)], { env })
    const url = `sqlite://${join(outside.path, 'can.db')}`
    const topic = 'into-sqlite'
    await fillTopic('plain', { bootstrapServers, topic, records: 10_000, partitions: 3 })

    await kannerySucceeds(
      ['backup', '--from', bootstrapServers, '--to', url, '--topic', topic, '--once'],
      { env },
    )
    await kannerySucceeds(['verify', url], { env })
    await kannerySucceeds(['storage', 'verify', url], { env })
    await kannerySucceeds(
      ['restore', '--from', url, '--to', bootstrapServers, '--topic', topic, '--as', `${topic}-2`],
      { env },
    )

    expect(await checkTopics({ bootstrapServers, source: topic, target: `${topic}-2` })).toEqual({
      equalRecords: 10_000,
      differences: [],
    })
  })

  test('is named by its scheme in the error if it is not installed', async () => {
    const env = { KANNERY_PLUGIN_FOLDER: join(outside.path, 'no-plugins') }
    const { status, stderr } = await kannery(['ls', 'sqlite:///can.db'], { env })

    expect(status).toBeGreaterThan(0)
    expect(stderr).toContain('sqlite:')
    expect(stderr).toContain('plugin add')
  })
})

describe('docs/write-a-backend.md', () => {
  test('shows only what the example has', async () => {
    const page = await readFile(join(repositoryRoot, 'docs/write-a-backend.md'), 'utf8')
    const files = await readdir(example, { recursive: true })
    const texts = await Promise.all(
      files
        .filter((file) => /\.(js|json)$/.test(file))
        .map((file) => readFile(join(example, file), 'utf8')),
    )
    const snippets = [...page.matchAll(/```(?:js|json)\n([\s\S]*?)```/g)].map(
      ([, code = '']) => code,
    )

    expect(snippets.length).toBeGreaterThan(4)
    for (const snippet of snippets) {
      expect(
        texts.some((text) => text.includes(snippet)),
        snippet,
      ).toBe(true)
    }
  })
})
