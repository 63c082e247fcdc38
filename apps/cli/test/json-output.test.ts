import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fillTopic } from '@kannery/testing/python/topics'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { commands } from '../src/commands/commands.ts'
import { kannery, start, temporaryFolder } from './command-line.ts'
import { documented, expectDocumented } from './documentation.ts'

const { bootstrapServers } = inject('kafka')
const topic = 'cli-json'
beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records: 300, partitions: 3 })
})

describe('output as JSON', () => {
  test('every command has its example', () => {
    const described = commands.filter(({ name }) => name !== 'completion')

    for (const { name } of described) expect(documented(name)).toBeDefined()
  })

  test('what commands print has the keys that the page names', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const json = async (...words: readonly string[]) =>
      (await kannery(...words, '-o', 'json')).stdout
    const backup = ['backup', '--from', bootstrapServers, '--to', path, '--topic', topic]
    const restore = ['restore', '--from', path, '--to', bootstrapServers, '--topic', topic]

    await expectDocumented('backup', await json(...backup, '--once'))
    await expectDocumented('restore', await json(...restore, '--as', `${topic}-copy`, '--verify'))
    await expectDocumented('ls', await json('ls', path))
    const [record = ''] = (await json('cat', path, topic)).split('\n')
    // Its bytes are text or not, and headers may be missing: that is the record's own affair.
    expect(Object.keys(JSON.parse(record))).toEqual(Object.keys(documented('cat') as object))
    await using second = await temporaryFolder()
    await expectDocumented('index accept', await json('index', 'accept', path, topic))
    await expectDocumented('copy', await json('copy', path, second.path))
    await expectDocumented('prune', await json('prune', path, '--dry-run'))
    await expectDocumented('gc', await json('gc', path))
    const hold = ['hold', 'add', path, 'audit', '--reason', 'case 4711']
    await expectDocumented('hold add', await json(...hold))
    await expectDocumented('hold ls', await json('hold', 'ls', path))
    await expectDocumented('hold rm', await json('hold', 'rm', path, 'audit'))
    await expectDocumented('point add', await json('point', 'add', path, '--name', 'before'))
    await expectDocumented('point ls', await json('point', 'ls', path))
    await expectDocumented('point rm', await json('point', 'rm', path, 'before'))
    await expectDocumented('storage probe', await json('storage', 'probe', path))
    await expectDocumented('storage verify', await json('storage', 'verify', path))
    await expectDocumented('plugin ls', await json('plugin', 'ls'))

    const [shown] = (await json('show', path, topic)).split('\n')
    const details = { ...JSON.parse(shown ?? ''), configuration: { 'cleanup.policy': 'delete' } }
    await expectDocumented('show', JSON.stringify(details))

    const running = start(...backup)
    while ((await json('lease', 'ls', path)).includes('"leases":[]'));
    await expectDocumented('lease ls', await json('lease', 'ls', path))
    await expectDocumented('lease break', await json('lease', 'break', path, topic, '--yes'))
    running.interrupt('SIGTERM', 'SIGTERM')
    await running.outcome

    await damage(join(path, topic))
    await expectDocumented('verify', await json('verify', path))
    await writeFile(join(path, topic, `${'0'.repeat(26)}.kan`), 'no segment')
    await rm(join(path, topic, 'index'))
    await expectDocumented(
      'index rebuild',
      await json('index', 'rebuild', path, topic, '--dry-run'),
    )
  })

  test('an added plugin is reported with its folder', async () => {
    await using folder = await temporaryFolder()
    const plugin = join(folder.path, 'kannery-x')
    await mkdir(plugin)
    await writeFile(
      join(plugin, 'package.json'),
      JSON.stringify({ name: 'kannery-x', version: '1.0.0', type: 'module', main: 'index.js' }),
    )
    await writeFile(
      join(plugin, 'index.js'),
      "export const plugin = { [Symbol.for('kannery.backend-plugin')]: true, contract: 1, type: 'x', urlSchemes: ['x'] }",
    )
    process.env['KANNERY_PLUGIN_FOLDER'] = join(folder.path, 'plugins')
    try {
      const added = await kannery('plugin', 'add', plugin, '-o', 'json')
      await expectDocumented('plugin add', added.stdout)
    } finally {
      delete process.env['KANNERY_PLUGIN_FOLDER']
    }
  })
})

async function damage(folder: string): Promise<void> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.kan')) ?? ''
  const bytes = await readFile(join(folder, name))
  await writeFile(join(folder, name), bytes.fill((bytes[700] ?? 0) ^ 1, 700, 701))
}
