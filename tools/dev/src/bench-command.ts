import { join } from 'node:path'
import { repositoryRoot } from '@kannery/testing/paths'
import type { DevCommand } from './command.ts'
import { requireBuild } from './kannery-command.ts'
import { runProgram } from './program.ts'

export const benchCommand: DevCommand = {
  name: 'bench',
  usage: '[backup | restore | storages | start | growth] [--gb N] [--rounds N]',
  summary:
    "measure beside Kafka's own clients, a raw copy and the clouds' SDKs, or what growth costs; takes a while",
  async run(words) {
    await requireBuild()
    return runProgram(process.execPath, [
      ...process.execArgv,
      join(repositoryRoot, 'bench/src/main.ts'),
      ...words,
    ])
  },
}
