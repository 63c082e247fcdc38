import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findBackend } from './find-backend.ts'
import { listPlugins } from './list-plugins.ts'
import { addPlugin } from './plugin-folder.ts'
import { type PluginSources, pluginSources } from './plugin-sources.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kannery-plugins-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

/** An app in root/lib/node_modules/kannery, as npm installs it, and an empty plugin folder. */
function sources(overrides: Partial<PluginSources> = {}): PluginSources {
  const url = pathToFileURL(join(root, 'lib/node_modules/kannery/dist/bin.js')).href
  return { named: [], app: { url, version: '1.2.3' }, folder: join(root, 'plugins'), ...overrides }
}

interface Fixture {
  readonly scheme?: string
  readonly type?: string
  readonly contract?: number
  readonly version?: string
  readonly code?: string
}

/** Writes a package whose plugin speaks for itself: it imports nothing. */
async function installPackage(
  folder: string,
  name: string,
  fixture: Fixture = {},
): Promise<string> {
  const { scheme = 'x', type = 'x', contract = 1, version = '0.1.0', code = '' } = fixture
  const path = join(root, folder, name)
  await mkdir(path, { recursive: true })
  const exports = { '.': { types: './index.d.ts', import: './index.js' } }
  await writeFile(
    join(path, 'package.json'),
    JSON.stringify({ name, version, type: 'module', exports }),
  )
  await writeFile(
    join(path, 'index.js'),
    `${code}
    export const plugin = {
      [Symbol.for('kannery.backend-plugin')]: true,
      contract: ${contract}, type: '${type}', urlSchemes: ['${scheme}'],
      configSchema: {}, fromUrl: () => ({}), open: async () => ({}),
    }`,
  )
  return path
}

async function noteInFolder(...names: readonly string[]): Promise<void> {
  const dependencies = Object.fromEntries(names.map((name) => [name, '0.1.0']))
  await writeFile(join(root, 'plugins/package.json'), JSON.stringify({ dependencies }))
}

const besideKannery = 'lib/node_modules'
const inFolder = 'plugins/node_modules'

describe('plugins of storage backends', () => {
  test('a plugin that a person named wins over the one beside kannery, and that over the plugin folder', async () => {
    const s3 = '@kannery/backend-s3'
    await installPackage(inFolder, s3, { scheme: 's3', type: 'folder' })
    expect((await findBackend('s3', sources())).plugin.type).toBe('folder')

    await installPackage(besideKannery, s3, { scheme: 's3', type: 'beside' })
    expect((await findBackend('s3', sources())).plugin.type).toBe('beside')

    const named = await installPackage('elsewhere', 'my-s3', { scheme: 's3', type: 'mine' })
    expect((await findBackend('s3', sources({ named: [named] }))).plugin.type).toBe('mine')
  })

  test('a scheme that is not well known is found among the named plugins and in the plugin folder', async () => {
    await installPackage(inFolder, 'kannery-redis', { scheme: 'redis', type: 'redis' })
    await noteInFolder('kannery-redis')
    await installPackage(besideKannery, '@acme/kannery-ftp', { scheme: 'ftp', type: 'ftp' })

    expect((await findBackend('redis', sources())).plugin.type).toBe('redis')
    await expect(findBackend('ftp', sources())).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const named = sources({ named: ['@acme/kannery-ftp'] })
    expect((await findBackend('ftp', named)).plugin.type).toBe('ftp')
  })

  test('the working directory is never searched', async () => {
    await installPackage('work/node_modules', '@kannery/backend-s3', { scheme: 's3' })
    const before = process.cwd()
    process.chdir(join(root, 'work'))
    try {
      await expect(findBackend('s3', sources())).rejects.toMatchObject({ code: 'PLUGIN_MISSING' })
    } finally {
      process.chdir(before)
    }
  })

  test('a missing backend says exactly what to install', async () => {
    await expect(findBackend('gs', sources())).rejects.toMatchObject({
      code: 'PLUGIN_MISSING',
      advice: { id: 'install-plugin', package: '@kannery/backend-gcs' },
    })
  })

  test.each([
    [2, 'newer version of Kannery'],
    [0, 'newer @kannery/backend-s3'],
  ])('a plugin of contract %i is refused, naming both versions', async (contract, remedy) => {
    await installPackage(besideKannery, '@kannery/backend-s3', { contract, version: '7.0.1' })

    await expect(findBackend('s3', sources())).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      why: `@kannery/backend-s3 7.0.1 speaks contract ${contract}, Kannery 1.2.3 speaks contract 1`,
      remedy: expect.stringContaining(remedy),
    })
  })

  test('a package that exports no plugin, or cannot be loaded, is refused by name', async () => {
    const folder = await installPackage(besideKannery, '@kannery/backend-s3', { scheme: 's3' })
    await writeFile(join(folder, 'index.js'), 'export const plugin = { contract: 1 }')
    await expect(findBackend('s3', sources())).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringContaining('@kannery/backend-s3 is not a plugin'),
    })

    const broken = await installPackage('elsewhere', 'broken', { code: 'import "absent-package"' })
    await expect(findBackend('x', sources({ named: [broken] }))).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      why: expect.stringContaining('absent-package'),
    })
  })

  test('what is not on the allow-list is not even imported', async () => {
    const mark = join(root, 'imported')
    await installPackage(besideKannery, '@kannery/backend-s3', {
      scheme: 's3',
      code: `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(mark)}, '')`,
    })
    const allowing = (name: string) => sources({ allowed: new Set([name]) })

    await expect(findBackend('s3', allowing('other'))).rejects.toMatchObject({
      code: 'PLUGIN_DENIED',
    })
    expect(existsSync(mark)).toBe(false)
    await findBackend('s3', allowing('@kannery/backend-s3'))
    expect(existsSync(mark)).toBe(true)
  })

  test('npm fills the plugin folder, and what is no usable plugin is taken out again', async () => {
    const good = await installPackage('source', 'kannery-redis', { scheme: 'redis' })
    const bad = await installPackage('source', 'kannery-future', { contract: 9 })
    const options = {
      sources: sources(),
      environment: process.env,
      signal: new AbortController().signal,
    }

    const [added] = await addPlugin(good, options)
    expect(added?.package.name).toBe('kannery-redis')
    await expect(addPlugin(bad, options)).rejects.toMatchObject({ code: 'PLUGIN_INVALID' })

    expect(await listPlugins(sources())).toEqual([
      expect.objectContaining({
        kind: 'usable',
        package: 'kannery-redis',
        origin: 'plugin folder',
      }),
    ])
  })

  test('no script of a package runs when it is installed, allowed or not', async () => {
    const ran = join(root, 'ran')
    const path = await installPackage('source', 'kannery-redis', { scheme: 'redis' })
    const manifest = join(path, 'package.json')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `touch ${ran}`]),
    )
    const described = JSON.parse(await readFile(manifest, 'utf8')) as object
    await writeFile(manifest, JSON.stringify({ ...described, scripts }))

    const adding = addPlugin(path, {
      sources: sources({ allowed: new Set(['another']) }),
      environment: process.env,
      signal: new AbortController().signal,
    })

    await expect(adding).rejects.toMatchObject({ code: 'PLUGIN_DENIED' })
    expect(existsSync(ran)).toBe(false)
    expect(existsSync(join(root, 'plugins/node_modules/kannery-redis'))).toBe(false)
  })

  test('a listing names what cannot be used beside what can', async () => {
    await installPackage(besideKannery, '@kannery/backend-s3', { scheme: 's3', contract: 3 })
    await installPackage(besideKannery, '@kannery/backend-volume', { scheme: 'file' })

    expect(await listPlugins(sources({ named: ['absent'] }))).toEqual([
      expect.objectContaining({
        package: 'absent',
        origin: 'named',
        error: expect.objectContaining({ code: 'PLUGIN_MISSING' }),
      }),
      expect.objectContaining({ package: '@kannery/backend-volume', urlSchemes: ['file'] }),
      expect.objectContaining({
        package: '@kannery/backend-s3',
        error: expect.objectContaining({ code: 'PLUGIN_INVALID' }),
      }),
    ])
  })

  const app = { url: import.meta.url, version: '1.2.3' }

  test('the environment names plugins and the plugin folder, by absolute path only', () => {
    expect(
      pluginSources({ KANNERY_PLUGINS: '/opt/a:@acme/b', KANNERY_PLUGIN_FOLDER: '/opt/p' }, app),
    ).toMatchObject({ named: ['/opt/a', '@acme/b'], folder: '/opt/p' })
    expect(pluginSources({ XDG_DATA_HOME: '/data' }, app).folder).toBe('/data/kannery/plugins')
    // As the XDG base directory specification demands.
    expect(pluginSources({ XDG_DATA_HOME: 'data' }, app).folder).toMatch(
      /^\/.*\.local\/share\/kannery/,
    )
  })

  test.each([
    { KANNERY_PLUGINS: './plugin' },
    { KANNERY_PLUGINS: 'folder/plugin' },
    { KANNERY_PLUGINS: '/opt/a:..' },
    { KANNERY_PLUGIN_FOLDER: 'plugins' },
  ])('refuses %j', (environment) => {
    expect(() => pluginSources(environment, app)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })
})
