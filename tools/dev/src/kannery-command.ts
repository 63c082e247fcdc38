import { kanneryBin } from '@kannery/testing/paths'
import { compile } from './build.ts'
import { type DevCommand, DevError } from './command.ts'
import { runProgram } from './program.ts'

/** Builds the command line. @throws DevError when the sources do not compile */
export async function requireBuild(): Promise<void> {
  if (!(await compile())) throw new DevError('kannery does not build; see above')
}

export const kanneryCommand: DevCommand = {
  name: 'kannery',
  usage: 'WORDS…',
  summary: 'build and run the command line, as a user would',
  async run(words) {
    await requireBuild()
    return runProgram(process.execPath, [kanneryBin, ...words], { cwd: process.cwd() })
  },
}
