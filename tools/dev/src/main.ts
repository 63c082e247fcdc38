import { buildCommand, lintCommand } from './build.ts'
import { type DevCommand, DevError, say } from './command.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { kafkaCommand } from './kafka-command.ts'
import { kanneryCommand } from './kannery-command.ts'
import { benchCommand, crashesCommand, simulateCommand } from './script-commands.ts'
import { testCommand } from './test-command.ts'

const commands: readonly DevCommand[] = [
  doctorCommand,
  demoCommand,
  testCommand,
  lintCommand,
  buildCommand,
  kafkaCommand,
  kanneryCommand,
  benchCommand,
  simulateCommand,
  crashesCommand,
]

const usageStatus = 2

function help(): string {
  const width = Math.max(...commands.map(({ name, usage }) => `${name} ${usage}`.length))
  const lines = commands.map(({ name, usage, summary }) => {
    return `  ./dev ${`${name} ${usage}`.padEnd(width)}  ${summary}`
  })
  return ['usage:', ...lines, ''].join('\n')
}

async function main([name, ...words]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help())
    return 0
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) {
    say(`dev: there is no command ${JSON.stringify(name)}\n\n${help()}`)
    return usageStatus
  }
  try {
    return await command.run(words)
  } catch (error) {
    if (!(error instanceof DevError)) throw error
    say(`dev: ${error.message}`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
