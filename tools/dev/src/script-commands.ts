import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import type { DevCommand } from './command.ts'
import { requireBuild } from './kannery-command.ts'
import { runProgram } from './program.ts'

export const benchCommand: DevCommand = {
  name: 'bench',
  usage: '[ROW ...] [--gb N] [--rounds N] [--before BIN] [--json FILE]',
  summary:
    "measure beside Kafka's own clients, a raw copy and the clouds' SDKs, or what growth costs; takes a while",
  run: (words) => runOnBuild('bench/src/main.ts', words),
}

export const crashesCommand: DevCommand = {
  name: 'crashes',
  usage: '[--kills N] [--seed S]',
  summary: 'kill backups of a real broker N times, restore, and compare every record',
  run: (words) => runOnBuild('e2e/src/durability/run-crashes.ts', words),
}

export const simulateCommand: DevCommand = {
  name: 'simulate',
  usage: '[--histories N] [--seed S]',
  summary: 'let writers of one topic go through N histories of faults, from seed S on',
  run: (words) =>
    runProgram(process.execPath, [
      '--conditions=@kannery/source',
      join(repositoryRoot, 'packages/core/test/simulation/run.ts'),
      ...words,
    ]),
}

/** Runs a script that needs the built command line. */
async function runOnBuild(script: string, words: readonly string[]): Promise<number> {
  await requireBuild()
  const path = join(repositoryRoot, script)
  return runProgram(process.execPath, [...process.execArgv, path, ...words])
}
