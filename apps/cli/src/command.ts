import type { App, Environment } from '@kannery/runtime'
import { KanneryError } from '@kannery/storage'
import type { Option, OptionDeclaration, OptionWords } from './options.ts'
import type { Terminal } from './terminal/terminal.ts'

/**
 * A command as data: the parser, the help, the shell completion and the man pages are all made from
 * it.
 */
export interface CommandDeclaration extends CommandTexts {
  readonly arguments: readonly NamedArgument[]
  readonly options: readonly OptionDeclaration[]
  /**
   * Runs the command. When `signal` of the context ended it before it was done, it rejects: with
   * the reason of the signal, or with INTERRUPTED where there is more to say.
   *
   * @throws CONFIG_INVALID for an option whose value is wrong; what the command throws
   */
  run(words: CommandWords, context: CommandContext): Promise<void>
}

/** What people read about a command. */
export interface CommandTexts {
  /** Words as typed, such as `lease ls`. */
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Sentences for the man page and the long help. */
  readonly description: string
  readonly examples: readonly string[]
  /**
   * What the command finishes after the first Ctrl-C. A command without it has nothing to finish
   * and ends at once.
   */
  readonly finishing?: string
}

export interface ArgumentDeclaration {
  readonly description: string
  readonly optional?: true
}

interface NamedArgument extends ArgumentDeclaration {
  readonly name: string
}

/**
 * The words of a command line that the parser found, in the order or under the names of the
 * declaration.
 */
export interface CommandWords {
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, OptionWords>>
}

/** The outside world of one run of a command. */
export interface CommandContext {
  readonly terminal: Terminal
  readonly app: App
  readonly environment: Environment
  /** The working directory: what a relative path is relative to. */
  readonly directory: string
  /** Milliseconds since 1970 when the command was started. */
  readonly now: number
  /** Aborted by the first Ctrl-C or SIGTERM: finish what is open, then end. */
  readonly signal: AbortSignal
}

type Arguments = Readonly<Record<string, ArgumentDeclaration>>
type Options = Readonly<Record<string, Option<unknown>>>

/** The arguments of a command by name; an optional one may be undefined. */
export type ArgumentValues<A extends Arguments> = {
  readonly [Name in keyof A]: 'optional' extends keyof A[Name] ? string | undefined : string
}

/** The values of options by name in camel case: `segment-size` is `segmentSize`. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O & string as CamelCase<Name>]: O[Name] extends Option<infer Value>
    ? Value
    : never
}

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** What one run of a command gets: typed arguments and options, and the outside world. */
export interface Invocation<A extends Arguments, O extends Options> extends CommandContext {
  readonly arguments: ArgumentValues<A>
  readonly options: OptionValues<O>
}

/** A command as its author writes it. */
export interface CommandDefinition<A extends Arguments, O extends Options> extends CommandTexts {
  /** By name, in the order in which they are typed. */
  readonly arguments: A
  /** By their long names without dashes. */
  readonly options: O
  run(invocation: Invocation<A, O>): Promise<void>
}

/** Makes a command whose `run` gets values with the types that its options declare. */
export function defineCommand<const A extends Arguments, const O extends Options>(
  definition: CommandDefinition<A, O>,
): CommandDeclaration {
  const names = Object.keys(definition.arguments)
  return {
    ...definition,
    arguments: Object.entries(definition.arguments).map(([name, rest]) => ({ name, ...rest })),
    options: Object.entries(definition.options).map(([name, rest]) => ({ name, ...rest })),
    async run(words, context) {
      const values = names.map((name, index) => [name, words.arguments[index]])
      await definition.run({
        ...context,
        // The parser has refused a line without an argument that is not optional.
        arguments: Object.fromEntries(values) as ArgumentValues<A>,
        options: readOptions(definition.options, words.options, context.now),
      })
    },
  }
}

function readOptions<O extends Options>(
  options: O,
  words: CommandWords['options'],
  now: number,
): OptionValues<O> {
  const values = Object.entries(options).map(([key, option]) => {
    const name = option.name ?? key
    return [camelCase(key), readOption(name, () => option.read(words[name], now))]
  })
  // The keys and the values are those that the type makes from the same declarations.
  return Object.fromEntries(values) as OptionValues<O>
}

function readOption<Value>(name: string, read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (!KanneryError.is(cause)) throw cause
    const { remedy } = cause
    throw new KanneryError('CONFIG_INVALID', `--${name}: ${cause.message}`, { remedy, cause })
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_match, letter: string) => letter.toUpperCase())
}
