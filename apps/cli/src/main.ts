import { type App, asKanneryError, type Environment, systemClock } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import { commands } from './commands/commands.ts'
import type { Interruption } from './interruption.ts'
import { parseCommandLine } from './program.ts'
import { describeStack } from './terminal/error-report.ts'
import { type OutputFormat, type OutputStream, Terminal } from './terminal/terminal.ts'

/** The outside world of one run. */
export interface World {
  readonly words: readonly string[]
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly environment: Environment
  readonly directory: string
  readonly app: App
  readonly interruption: Interruption
}

// Other programs of Node.js obey this variable: say what to do instead.
const ignoredVariable =
  'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always verified. Trust an authority by NODE_EXTRA_CA_CERTS, or by the settings of the Kafka connection.'

/**
 * Runs one command line and returns the exit status: 0, or that of the error's code. Never throws.
 */
export async function main(world: World): Promise<number> {
  const { words, interruption, app } = world
  const terminal = new Terminal(requestedFormat(words), world, systemClock)
  try {
    if (world.environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') terminal.note(ignoredVariable)
    const parsed = parseCommandLine(words, { version: app.version, commands })
    if ('text' in parsed) {
      await terminal.print(parsed.text)
      return 0
    }
    const { declaration, words: given } = parsed
    const { finishing } = declaration
    if (finishing !== undefined) {
      interruption.finishFirst(() =>
        terminal.note(`finishing: ${finishing} (again to stop at once)`),
      )
    }
    await declaration.run(given, {
      app,
      directory: world.directory,
      environment: world.environment,
      terminal,
      now: systemClock.now(),
      signal: interruption.signal,
    })
    return 0
  } catch (thrown) {
    const error = isInterruption(thrown, interruption.signal)
      ? interrupted()
      : asKanneryError(thrown)
    terminal.error(error)
    if (words.includes('--debug')) terminal.note(describeStack(error))
    return error.exitStatus
  }
}

/**
 * Found before the words are parsed, so that words that are not understood are reported in the form
 * that was asked for.
 */
function requestedFormat(words: readonly string[]): OutputFormat {
  const asked = words.some(
    (word, index) =>
      /^(-o|--output)=?json$/.test(word) ||
      (word === 'json' && /^(-o|--output)$/.test(words[index - 1] ?? '')),
  )
  return asked ? 'json' : 'text'
}

function interrupted(): KanneryError {
  return new KanneryError('INTERRUPTED', 'stopped before it was done')
}

function isInterruption(thrown: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted || KanneryError.is(thrown)) return false
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError')
}
