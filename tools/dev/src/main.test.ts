import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { repositoryRoot } from '@kannery/testing/paths'
import { describe, expect, test } from 'vitest'

interface DevRun {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `./dev` without its shell script, and with `path` as PATH. */
async function dev(words: readonly string[], path = process.env['PATH'] ?? ''): Promise<DevRun> {
  const child = spawn(process.execPath, [join(repositoryRoot, 'tools/dev/src/main.ts'), ...words], {
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, stdout, stderr }
}

describe('./dev', () => {
  test('lists its commands', async () => {
    const { status, stdout } = await dev(['help'])

    expect(status).toBe(0)
    for (const name of ['doctor', 'demo', 'test', 'lint', 'build', 'kafka', 'kannery', 'bench']) {
      expect(stdout).toMatch(new RegExp(`^  \\./dev ${name}\\b`, 'm'))
    }
  })

  test.each([
    ['a command', ['tset'], 2],
    ['a suite', ['test', 'no-such-suite'], 1],
    ['an option of the demo', ['demo', '--damaged'], 1],
    ['what to do with Kafka', ['kafka', 'restart'], 1],
  ])(
    'reports %s that it does not know, lists what exists, and shows no stack',
    async (_, words, expected) => {
      const { status, stderr } = await dev(words)

      expect(status).toBe(expected)
      expect(stderr).toMatch(/^dev: /)
      expect(stderr).not.toMatch(/^\s+at /m)
    },
  )

  test('doctor lists what an empty machine lacks, and how to get it', async () => {
    const { status, stdout } = await dev(['doctor'], '/nowhere')

    expect(status).toBe(1)
    const missing = stdout.split('\n').filter((line) => line.startsWith('MISSING'))
    expect(missing.map((line) => /MISSING {2}(\S+)/.exec(line)?.[1])).toEqual(
      expect.arrayContaining(['Java', 'Maven,', 'Python', 'Go', 'OpenSSL,', 'strace,']),
    )
    expect(stdout.match(/^ {9}\S.*\.$/gm)).toHaveLength(missing.length)
  })

  test('doctor finds everything on this machine, which runs all tests', async () => {
    expect(await dev(['doctor'])).toMatchObject({ status: 0 })
  })
})
