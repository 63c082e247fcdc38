import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import type { DevCommand } from './command.ts'
import { runProgram } from './program.ts'

/** A step that is right or wrong as a whole. */
export interface Check {
  readonly name: string
  run(): Promise<boolean>
}

async function succeeds(command: string, ...commandArguments: string[]): Promise<boolean> {
  return (await runProgram(command, commandArguments)) === 0
}

/** Compiles every package. Quick when nothing changed. */
export function compile(): Promise<boolean> {
  return succeeds('tsc', '--build')
}

/** Compiles every package, and makes the man pages from the command line's declarations. */
export const buildCheck: Check = {
  name: 'build',
  run: async () =>
    (await compile()) &&
    (await succeeds(
      process.execPath,
      join(repositoryRoot, 'apps/cli/dist/help/write-man-pages.js'),
    )),
}

export const lintChecks: readonly Check[] = [
  { name: 'types of the tests', run: () => succeeds('tsc', '--project', 'tsconfig.tests.json') },
  { name: 'format and imports', run: () => succeeds('biome', 'check', '--error-on-warnings') },
  {
    name: 'promises and switches',
    run: () => succeeds('oxlint', '--type-aware', '--deny-warnings'),
  },
  { name: 'boundaries of packages', run: () => succeeds('turbo', 'boundaries') },
  {
    name: 'rooms and comments',
    run: () => succeeds(process.execPath, join(repositoryRoot, 'tools/lint/src/main.ts')),
  },
]

async function runAll(checks: readonly Check[]): Promise<number> {
  let status = 0
  for (const check of checks) {
    if (!(await check.run())) status = 1
  }
  return status
}

export const buildCommand: DevCommand = {
  name: 'build',
  usage: '',
  summary: 'compile all packages',
  run: () => runAll([buildCheck]),
}

export const lintCommand: DevCommand = {
  name: 'lint',
  usage: '',
  summary: 'check types, format, imports, promises and the boundaries of packages',
  run: () => runAll(lintChecks),
}
