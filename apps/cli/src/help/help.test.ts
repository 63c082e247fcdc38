import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
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

test('bash completes commands, sub-commands, options and choices', () => {
  expect(complete(['kannery', 're'])).toEqual(['restore'])
  expect(complete(['kannery', 'plugin', ''])).toEqual(['add', 'ls'])
  expect(complete(['kannery', 'plugin', 'ls', '--de'])).toEqual(['--debug'])
  expect(complete(['kannery', 'restore', '--ver'])).toEqual(['--verify'])
  expect(complete(['kannery', 'backup', '--codec', ''])).toEqual(['zstd', 'none'])
})

test('the completion does not offer refused options', () => {
  expect(complete(['kannery', 'backup', '--from-sasl-password'])).toEqual([
    '--from-sasl-password-file',
  ])
})

test('fish and zsh scripts know every command and option', () => {
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

test('every command has a page with its options', () => {
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

test('the overview has every command, environment variable and exit status', () => {
  const page = overviewManPage(commands, '1.2.3')

  for (const { name } of commands) expect(page).toContain(`\\fB${name}\\fR`)
  for (const { name } of environmentVariables) expect(page).toContain(name)
  expect(page).toContain('LEASE_HELD')
})

test('the package installs the page of every command', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { man: readonly string[] }

  expect(manifest.man).toEqual(
    ['kannery.1', ...commands.map(manPageName)].map((name) => `./man/${name}`),
  )
})

test('docs/errors.md lists every code', async () => {
  // Rewritten by: vitest run -u
  await expect(errorsPage()).toMatchFileSnapshot('../../../../docs/errors.md')
})
