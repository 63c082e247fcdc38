import { describe, expect, test } from 'vitest'
import { Interruption } from './interruption.ts'
import { main } from './main.ts'

async function run(...words: readonly string[]) {
  return await runIn({}, ...words)
}

async function runIn(variables: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const stdout: string[] = []
  const stderr: string[] = []
  const stream = (lines: string[]) => ({
    write(text: string | Uint8Array, done?: (error?: Error | null) => void) {
      lines.push(String(text))
      done?.()
      return true
    },
  })
  const status = await main({
    words,
    stdout: stream(stdout),
    stderr: stream(stderr),
    environment: { KANNERY_PLUGIN_FOLDER: '/nowhere', ...variables },
    directory: '/',
    app: { url: import.meta.url, version: '1.2.3' },
    interruption: new Interruption(() => {}),
  })
  return { status, stdout: stdout.join(''), stderr: stderr.join('') }
}

describe('main', () => {
  test('reports unknown words on stderr, and ends with the status of their code', async () => {
    const { status, stdout, stderr } = await run('restor')

    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^configuration error: unknown command 'restor'/)
    expect(stderr).toContain('Did you mean restore?')
    expect(stderr).toContain('code      CONFIG_INVALID (exit 2)')
  })

  test.each([['-o', 'json'], ['--output', 'json'], ['--output=json'], ['-ojson']])(
    'with %j %j reports an error as a document, also an error about unknown words',
    async (...format) => {
      const { stderr } = await run('restor', ...format.filter((word) => word !== undefined))

      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CONFIG_INVALID', exitStatus: 2 } })
    },
  )

  test('shows a stack only with --debug', async () => {
    expect((await run('ls', 'x://y')).stderr).not.toContain('    at ')
    expect((await run('ls', 'x://y', '--debug')).stderr).toContain('    at ')
  })

  test('prints the help and the version as results', async () => {
    expect(await run('--version')).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' })
    expect((await run('help', 'backup')).stdout).toContain('--segment-age <duration>')
    expect((await run('lease')).stdout).toContain('list the writers of a storage')
  })

  test('reports a variable that would disable the verification of certificates as ignored', async () => {
    const { status, stderr } = await runIn({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, '--version')

    expect(status).toBe(0)
    expect(stderr).toMatch(/^NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored/)
    expect((await runIn({ NODE_TLS_REJECT_UNAUTHORIZED: '1' }, '--version')).stderr).toBe('')
  })
})
