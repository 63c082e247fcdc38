import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Names of the packages that `program`, words for Node.js, imports. */
async function importedBy(...program: readonly string[]): Promise<readonly string[]> {
  const telling = ['--conditions=@kannery/source', '--import', path('../test/tell-imports.js')]
  const { stderr } = await promisify(execFile)(process.execPath, [...telling, ...program])
  return JSON.parse(stderr) as readonly string[]
}

describe('the process of a command', () => {
  test('what is still open when a command has ended does not keep it, and all is said', async () => {
    const open = ['--import', 'data:text/javascript,setInterval(() => undefined, 1000)']
    const program = ['--conditions=@kannery/source', ...open, path('bin.ts')]
    const run = (...words: readonly string[]) =>
      promisify(execFile)(process.execPath, [...program, ...words], { timeout: 20_000 })

    expect((await run('help')).stdout).toContain('restore')
    await expect(run('ls', '/does/not/exist')).rejects.toMatchObject({
      killed: false,
      code: 11,
      stderr: expect.stringContaining('/does/not/exist'),
    })
  })

  test('what only looks into a storage starts fast: it loads no client of Kafka and no cloud', async () => {
    const packages = await importedBy(path('bin.ts'), 'ls', path('.'))

    expect(packages).toContain('@kannery/core/layout')
    expect(packages).not.toContain('@kannery/kafka')
    expect(packages).not.toContain('prom-client')
    // Takes 30 ms: what is typed as a path or URL needs no schema.
    expect(packages).not.toContain('zod')
    // Takes 40 ms: it loads all of fetch.
    expect(packages).not.toContain('node:http')
    expect(packages).not.toContain('@kannery/storage-testkit')
    expect(packages.filter((name) => name.includes('aws') || name.includes('azure'))).toEqual([])
  })

  test('what talks to Kafka loads no library for key stores before it reads one', async () => {
    const program = "import '@kannery/kafka'"
    const packages = await importedBy('--input-type=module', '--eval', program)

    expect(packages).toContain('@kannery/core/segment')
    // Takes 60 ms.
    expect(packages).not.toContain('node-forge')
    expect(packages).not.toContain('zod')
  })

  test('a command does not let the space of new objects grow: a budget does not count it', async () => {
    const filling = ['--conditions=@kannery/source', '--import', path('../test/fill-new-space.js')]
    const { stderr } = await promisify(execFile)(process.execPath, [
      ...filling,
      path('bin.ts'),
      'help',
    ])

    expect(Number(stderr.split(' ')[1])).toBeLessThan(20 * 1024 * 1024)
  })
})
