import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commands } from '../commands/commands.ts'
import { completionScript } from './completion.ts'
import { environmentVariables } from './environment-variables.ts'
import { errorsPage } from './errors-page.ts'
import { commandManPage, manPageName, overviewManPage } from './man-page.ts'

function complete(words: readonly string[]): string[] {
  const script = `${completionScript('bash', commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_kannery; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
}

describe('the help', () => {
  test('completes commands, sub-commands, options and choices in bash', () => {
    expect(complete(['kannery', 're'])).toEqual(['restore'])
    expect(complete(['kannery', 'plugin', ''])).toEqual(['add', 'ls'])
    expect(complete(['kannery', 'plugin', 'ls', '--de'])).toEqual(['--debug'])
    expect(complete(['kannery', 'restore', '--ver'])).toEqual(['--verify'])
    expect(complete(['kannery', 'backup', '--codec', ''])).toEqual(['zstd', 'none'])
  })

  test('does not complete refused options', () => {
    expect(complete(['kannery', 'backup', '--from-sasl-password'])).toEqual([
      '--from-sasl-password-file',
    ])
  })

  test('completes every command and option in fish and zsh', () => {
    for (const shell of ['fish', 'zsh'] as const) {
      const script = completionScript(shell, commands)
      for (const command of commands) {
        for (const word of command.name.split(' ')) expect(script).toContain(word)
        for (const option of command.options) {
          if (option.refused === undefined) expect(script).toContain(option.name)
        }
      }
    }
  })

  test('has a man page for every command, with its options', () => {
    for (const command of commands) {
      const page = commandManPage(command, '1.2.3')
      expect(page).toMatch(/^\.TH KANNERY/)
      for (const option of command.options) {
        const written = `\\-\\-${option.name.replaceAll('-', '\\-')}`
        const shown = page.includes(`${written}\n`) || page.includes(`${written}\\fI`)
        expect(shown).toBe(option.refused === undefined)
      }
    }
  })

  test('has an overview of every command, environment variable and exit status', () => {
    const page = overviewManPage(commands, '1.2.3')

    for (const { name } of commands) expect(page).toContain(`\\fB${name}\\fR`)
    for (const { name } of environmentVariables) expect(page).toContain(name)
    expect(page).toContain('LEASE_HELD')
  })

  test('installs the man page of every command', () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { man: readonly string[] }

    expect(manifest.man).toEqual(
      ['kannery.1', ...commands.map(manPageName)].map((name) => `./man/${name}`),
    )
  })

  test('lists every code in docs/errors.md', async () => {
    // Rewritten by: vitest run -u
    await expect(errorsPage()).toMatchFileSnapshot('../../../../docs/errors.md')
  })
})
