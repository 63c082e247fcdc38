import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import type { DevCommand } from './command.ts'
import { requireBuild } from './kannery-command.ts'
import { runProgram } from './program.ts'

export const crashesCommand: DevCommand = {
  name: 'crashes',
  usage: '[--kills N] [--seed S]',
  summary: 'kill backups of a real broker N times, restore, and compare every record',
  async run(words) {
    await requireBuild()
    const script = join(repositoryRoot, 'e2e/src/durability/run-crashes.ts')
    return runProgram(process.execPath, [...process.execArgv, script, ...words])
  },
}
