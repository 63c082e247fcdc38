import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { run } from '@kannery/testing/servers/processes/run'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A copy of the repository, to break on purpose. */
let copy: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'kannery-boundaries-'))
  const listed = await run(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: repositoryRoot,
    },
  )
  const files = listed.split('\0').filter((file) => file !== '')
  for (const file of files) {
    await mkdir(dirname(join(copy, file)), { recursive: true })
    // A file may be deleted and not yet committed.
    await cp(join(repositoryRoot, file), join(copy, file)).catch(() => {})
  }
  const packages = files.filter((file) => file.endsWith('package.json')).map(dirname)
  for (const folder of packages) {
    const modules = join(folder, 'node_modules')
    await symlink(join(repositoryRoot, modules), join(copy, modules)).catch(() => {})
  }
  await run('git', ['init', '--quiet'], { cwd: copy })
})
afterAll(() => rm(copy, { recursive: true, force: true }))

interface Lint {
  readonly status: number
  readonly output: string
}

/** Runs a linter that is a program of a package. */
function lint(command: string, ...words: string[]): Promise<Lint> {
  return runInCopy(join(repositoryRoot, 'node_modules/.bin', command), words)
}

/** Runs the rules of this repository. */
function lintRepository(): Promise<Lint> {
  return runInCopy(process.execPath, [join(copy, 'tools/lint/src/main.ts')])
}

function runInCopy(command: string, words: readonly string[]): Promise<Lint> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: copy,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

/** Adds a line to a source file for the time of one check. */
async function withLine<Result>(
  file: string,
  line: string,
  check: () => Promise<Result>,
): Promise<Result> {
  const path = join(copy, file)
  const before = await readFile(path, 'utf8')
  await writeFile(path, `${line}\n${before}`)
  try {
    return await check()
  } finally {
    await writeFile(path, before)
  }
}

describe('the imports between packages', () => {
  test('follow the rules in the repository as it is', async () => {
    expect(await lint('turbo', 'boundaries')).toMatchObject({ status: 0 })
  })

  test.each([
    ['core imports a backend', 'packages/core/src/layout/index.ts', '@kannery/backend-volume'],
    ['kafka imports a backend', 'packages/kafka/src/index.ts', '@kannery/backend-volume'],
    ['storage imports core', 'packages/storage/src/index.ts', '@kannery/core'],
    ['a backend imports core', 'packages/backend-volume/src/index.ts', '@kannery/core'],
    ['resources import what runs them', 'packages/resources/src/index.ts', '@kannery/runtime'],
    ['core imports kafka', 'packages/core/src/layout/index.ts', '@kannery/kafka'],
    ['the checker imports what it checks', 'testing/src/python/topics.ts', '@kannery/kafka'],
    [
      'a package reaches into another',
      'packages/kafka/src/index.ts',
      '../../core/src/layout/index.ts',
    ],
  ])('lint fails when %s', async (_, file, specifier) => {
    const { status, output } = await withLine(file, `import '${specifier}'`, () =>
      lint('turbo', 'boundaries'),
    )

    expect(status).not.toBe(0)
    expect(output).toContain(specifier)
  })

  test('lint fails when core imports a type of kafka', async () => {
    const { status, output } = await withLine(
      'packages/core/src/layout/keys.ts',
      "import type { KafkaCluster } from '@kannery/kafka'",
      () => lint('turbo', 'boundaries'),
    )

    expect(status).not.toBe(0)
    expect(output).toContain('@kannery/kafka')
  })

  test('declaring the dependency does not make it allowed', async () => {
    const manifest = join(copy, 'packages/core/package.json')
    const before = await readFile(manifest, 'utf8')
    await writeFile(
      manifest,
      before.replace(
        '"dependencies": {',
        '"dependencies": {\n    "@kannery/kafka": "workspace:^",',
      ),
    )

    const { status, output } = await lint('turbo', 'boundaries')
    await writeFile(manifest, before)

    expect(status).not.toBe(0)
    expect(output).toContain('@kannery/kafka')
  })

  test.each([
    ['a source imports what is for tests', "import '@kannery/testing/servers/kafka/kafka-server'"],
    ['a source imports a test runner', "import 'vitest'"],
    ['a library reads the clock', 'export const moment: number = Date.now()'],
    ['a library throws dice', 'export const dice: number = Math.random()'],
    ['a library reads the environment', 'export const home: unknown = process.env'],
  ])('lint fails when %s', async (_, line) => {
    const file = 'packages/core/src/layout/index.ts'

    const { status } = await withLine(file, line, () => lint('biome', 'lint', file))

    expect(status).not.toBe(0)
    expect(await lint('biome', 'lint', file)).toMatchObject({ status: 0 })
  })
})

describe('the rooms of a package', () => {
  test('import one way in the repository as it is', async () => {
    expect(await lintRepository()).toMatchObject({ status: 0 })
  })

  test.each([
    ['of core imports a room below its own', 'core', 'layout/keys.ts', 'writing/worker.ts'],
    [
      'of kafka imports a room below its own',
      'kafka',
      'reading/window.ts',
      'restore/topic-restore.ts',
    ],
    ['imports one of its own row', 'core', 'copy/copy-topic.ts', 'rebuild/rebuild-index.ts'],
    ['imports the exports of its package', 'kafka', 'restore/topic-restore.ts', 'index.ts'],
  ])('lint fails when a room %s', async (_, name, file, target) => {
    const source = `packages/${name}/src/${file}`

    const { status, output } = await withLine(source, `import type {} from '../${target}'`, () =>
      lintRepository(),
    )

    expect(status).not.toBe(0)
    expect(output).toContain(`${source} imports ${target}`)
  })

  test('lint fails when a folder has no row in docs/architecture.md', async () => {
    const folder = join(copy, 'packages/core/src/attic')
    await mkdir(folder)
    await writeFile(join(folder, 'attic.ts'), 'export const attic = true\n')

    const { status, output } = await lintRepository()
    await rm(folder, { recursive: true })

    expect(status).not.toBe(0)
    expect(output).toContain('packages/core/src/attic/attic.ts is in a folder that no row')
  })

  test('lint fails when two files need a type of each other', async () => {
    const { status, output } = await withLine(
      'packages/core/src/layout/topic-folder.ts',
      "import type {} from './keys.ts'",
      () => lint('biome', 'lint', '--only=suspicious/noImportCycles', 'packages/core/src/layout'),
    )

    expect(status).not.toBe(0)
    expect(output).toContain('noImportCycles')
  })
})

describe('the width of comments', () => {
  test.each([
    ['refuses a wide line of words', `// ${'wide '.repeat(20)}`, 1],
    ['refuses a wide line of a doc comment', `/**\n * ${'wide '.repeat(20)}\n */`, 1],
    [
      'accepts a long address, which cannot be wrapped',
      `// https://kafka.apache.org/${'a'.repeat(90)}`,
      0,
    ],
  ])('lint %s', async (_, comment, expected) => {
    const file = 'packages/storage/src/index.ts'

    const { status } = await withLine(file, comment, () => lintRepository())

    expect(status).toBe(expected)
  })
})
