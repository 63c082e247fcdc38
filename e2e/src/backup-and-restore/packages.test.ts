import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { run } from '@kannery/testing/servers/processes/run'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../command-line/temporary-folder.ts'
import { type Manifest, type PackedPackage, packPackage } from '../packing/packed-package.ts'

const { bootstrapServers } = inject('kafka')

const folders = await publicPackages()
let tarballs: TemporaryFolder
const packed = new Map<string, PackedPackage>()
beforeAll(async () => {
  tarballs = await temporaryFolder()
  for (const folder of folders) {
    const result = await packPackage(folder, tarballs.path)
    packed.set(result.manifest.name, result)
  }
}, 180_000)
afterAll(() => tarballs[Symbol.asyncDispose]())

async function publicPackages(): Promise<string[]> {
  const parents = ['packages', 'apps']
  const found = await Promise.all(
    parents.map(async (parent) => {
      const names = await readdir(join(repositoryRoot, parent))
      return names.map((name) => join(parent, name))
    }),
  )
  const manifests = await Promise.all(
    found.flat().map(async (folder) => [folder, await readManifest(folder)] as const),
  )
  return manifests
    .filter(([, manifest]) => manifest !== undefined && manifest.private !== true)
    .map(([folder]) => folder)
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(repositoryRoot, folder, 'package.json'), 'utf8').catch(
    () => undefined,
  )
  return text === undefined ? undefined : (JSON.parse(text) as Manifest)
}

describe('what would be published', () => {
  test.each(folders)('%s is complete, and publint reports nothing', async (folder) => {
    const { name = '' } = (await readManifest(folder)) ?? {}
    const { tarball, files, manifest } = packed.get(name) ?? { files: [] }

    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json']))
    expect(files.filter((file) => file.startsWith('bundle/')).length).toBeGreaterThan(0)
    // Nothing that only the repository has is named.
    expect(JSON.stringify({ ...manifest, devDependencies: {}, scripts: {} })).not.toContain(
      '@kannery/source',
    )
    expect(files.filter((file) => /\.test\.|tsbuildinfo/.test(file))).toEqual([])
    for (const range of Object.values(manifest?.dependencies ?? {})) {
      expect(range).not.toMatch(/workspace|catalog/)
    }
    await run('publint', ['run', '--strict', tarball ?? ''], { cwd: repositoryRoot })
  })

  test('the tarballs, installed into an empty folder, back up and restore', {
    timeout: 300_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const wanted = dependenciesOf('kannery')
    const dependencies = Object.fromEntries(
      [...wanted].map((name) => [name, `file:${packed.get(name)?.tarball}`]),
    )
    await writeFile(
      join(folder.path, 'package.json'),
      JSON.stringify({ private: true, dependencies }),
    )
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder.path,
    })
    const kannery = (...words: string[]): Promise<string> =>
      run(process.execPath, [join(folder.path, 'node_modules/kannery/bundle/bin.js'), ...words], {
        cwd: folder.path,
      })
    const topic = 'packed'
    await fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 1 })

    await kannery(
      ...['backup', '--from', bootstrapServers, '--to', './can', '--topic', topic, '--once'],
    )
    await kannery(
      ...['restore', '--from', './can', '--to', bootstrapServers],
      ...['--topic', topic, '--as', 'packed-copy'],
    )

    expect(await readdir(join(folder.path, 'node_modules/.bin'))).toContain('kannery')
    expect(await checkTopics({ bootstrapServers, source: topic, target: 'packed-copy' })).toEqual({
      equalRecords: 100,
      differences: [],
    })
    for (const name of wanted) {
      const installed = await readFile(
        join(folder.path, 'node_modules', name, 'package.json'),
        'utf8',
      )
      expect((JSON.parse(installed) as Manifest).version).toBe(packed.get(name)?.manifest.version)
    }
  })
})

/** A package and what of ours it needs. */
function dependenciesOf(name: string): Set<string> {
  const found = new Set<string>()
  const visit = (candidate: string): void => {
    const { manifest } = packed.get(candidate) ?? {}
    if (manifest === undefined || found.has(candidate)) return
    found.add(candidate)
    for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(dependency)
  }
  visit(name)
  return found
}
