import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commands } from '../commands/commands.ts'
import { completionScript } from './completion.ts'
import { commandManPage, overviewManPage } from './man-page.ts'

function complete(words: readonly string[]): string[] {
  const script = `${completionScript('bash', commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_kannery; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

test('bash completes commands, sub-commands, options and choices', () => {
  expect(complete(['kannery', 're'])).toEqual(['restore'])
  expect(complete(['kannery', 'lease', ''])).toEqual(['ls'])
  expect(complete(['kannery', 'restore', '--ver'])).toEqual(['--verify'])
  expect(complete(['kannery', 'backup', '--codec', ''])).toEqual(['zstd', 'none'])
})

test('what is refused is not offered', () => {
  expect(complete(['kannery', 'backup', '--from-sasl-password'])).toEqual(['--from-sasl-password-file'])
})

test('fish and zsh scripts know every command', () => {
  for (const shell of ['fish', 'zsh'] as const) {
    const script = completionScript(shell, commands)
    for (const command of commands) expect(script).toContain(command.name.split(' ')[0])
  }
})

test('every command has a page with its options, and the overview every exit status', () => {
  for (const command of commands) {
    const page = commandManPage(command, '1.2.3')
    expect(page).toMatch(/^\.TH KANNERY/)
    for (const option of command.options) {
      const shown = page.includes(`\\-\\-${option.name.replaceAll('-', '\\-')}`)
      expect(shown || option.refused !== undefined).toBe(true)
    }
  }
  expect(overviewManPage(commands, '1.2.3')).toContain('LEASE_HELD')
})
