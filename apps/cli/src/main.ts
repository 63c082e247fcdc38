import { KanneryError } from '@kannery/storage'
import { OptionValues } from './command.ts'
import { commands } from './commands/commands.ts'
import { parseCommandLine } from './program.ts'
import { asKanneryError, describeError, describeStack, errorDocument } from './terminal/error-report.ts'
import { type OutputStream, Terminal, toJson } from './terminal/terminal.ts'

/** The outside world of one run. */
export interface World {
  readonly words: readonly string[]
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly environment: NodeJS.ProcessEnv
  readonly directory: string
  readonly version: string
  readonly signal: AbortSignal
}

/** Runs one command line and returns the exit status: 0, or that of the error's code. Never throws. */
export async function main(world: World): Promise<number> {
  // Read before parsing, so that a command line that is not understood is reported in the form that was asked for.
  const format = /(^|\s)(-o|--output)[= ]?json(\s|$)/.test(world.words.join(' ')) ? 'json' : 'text'
  const terminal = new Terminal(format, world)
  try {
    const parsed = parseCommandLine(world.words, { version: world.version, commands })
    if ('text' in parsed) {
      await terminal.print(parsed.text)
      return 0
    }
    await parsed.declaration.run({
      arguments: parsed.arguments,
      options: new OptionValues(parsed.options),
      terminal,
      environment: world.environment,
      directory: world.directory,
      signal: world.signal,
    })
    return 0
  } catch (thrown) {
    const error = asKanneryError(thrown)
    report(error, terminal, world.words.includes('--debug'))
    return KanneryError.is(thrown) ? error.exitStatus : 1
  }
}

function report(error: KanneryError, terminal: Terminal, debug: boolean): void {
  terminal.say(terminal.format === 'json' ? toJson(errorDocument(error)) : describeError(error))
  if (debug) terminal.say(describeStack(error))
}
