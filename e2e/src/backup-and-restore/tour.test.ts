import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import { run } from '@kannery/testing/servers/processes/run'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../command-line/temporary-folder.ts'

const script = join(repositoryRoot, 'examples/tour.sh')

/** The lines of every shell snippet in a section of a Markdown file. */
async function snippets(file: string, section: string): Promise<string[]> {
  const text = await readFile(join(repositoryRoot, file), 'utf8')
  const body = text.split(/^## /m).find((part) => part.startsWith(section)) ?? ''
  return [...body.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, lines = '']) =>
    lines.trimEnd().split('\n'),
  )
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

describe('the tour of the README', () => {
  test('is the script that the next test runs', async () => {
    const lines = await snippets('README.md', 'A five-minute tour')
    const commands = (await readFile(script, 'utf8'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('set '))

    expect(lines.length).toBeGreaterThan(5)
    expect(commands).toEqual(lines)
  })

  test('runs from its first line to its last', { timeout: 180_000 }, async () => {
    if (await isTaken(9092)) {
      throw new Error('the tour needs port 9092; is it your own broker? ./dev kafka stop')
    }
    await using folder = await temporaryFolder()
    // The tour is written for a reader at the root of the repository; what it makes must
    // not stay there.
    const door = join(folder.path, 'dev')
    await writeFile(door, `#!/bin/sh\nexec '${join(repositoryRoot, 'dev')}' "$@"\n`)
    await chmod(door, 0o755)

    const output = await run('bash', [script], { cwd: folder.path })

    expect(output).toMatch(/^orders\s+3\s+10,000\s/m)
    expect(output).toMatch(/"order\\?":\d+/)
    expect(output).toMatch(/nothing is damaged/)
    expect(output).toMatch(/verified: 10,000 records compared, 0 differences/)
    expect(await readdir(folder.path)).toEqual(['dev'])
  })
})
