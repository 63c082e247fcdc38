import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import type { DevCommand } from './command.ts'
import { runProgram } from './program.ts'

export const simulateCommand: DevCommand = {
  name: 'simulate',
  usage: '[--histories N] [--seed S]',
  summary: 'let writers of one topic live through N histories of faults, from seed S on',
  async run(words) {
    const script = join(repositoryRoot, 'packages/core/test/simulation/run.ts')
    return runProgram(process.execPath, ['--conditions=@kannery/source', script, ...words])
  },
}
