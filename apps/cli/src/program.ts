import { KanneryError } from '@kannery/storage'
import { Argument, Command, CommanderError, Option } from 'commander'
import type { CommandDeclaration, CommandWords } from './command.ts'
import type { OptionDeclaration } from './options.ts'

/** Commands whose dry run prints documents. */
const printsDocuments: ReadonlySet<string> = new Set(['backup', 'restore'])

/** All options of a command: its own, and those that every command takes. */
export function optionsOf(command: CommandDeclaration): readonly OptionDeclaration[] {
  const formats = command.options.some(
    ({ name }) => name === 'dry-run' && printsDocuments.has(command.name),
  )
    ? ['yaml']
    : []
  return [
    ...command.options,
    {
      name: 'output',
      short: 'o',
      value: 'format',
      description: 'what results look like',
      choices: ['text', 'json', ...formats],
      default: 'text',
    },
    { name: 'debug', description: 'show stack traces of errors' },
  ]
}

/** A command line that was understood: the command and its words. */
export interface ParsedCommand {
  readonly declaration: CommandDeclaration
  readonly words: CommandWords
}

/** The answer to a command line without a command: help or the version. */
export interface ParsedText {
  readonly text: string
}

interface ProgramDescription {
  readonly version: string
  readonly commands: readonly CommandDeclaration[]
}

/** Parses a command line.
 *
 * @throws CONFIG_INVALID for words that no command takes
 */
export function parseCommandLine(
  words: readonly string[],
  description: ProgramDescription,
): ParsedCommand | ParsedText {
  let parsed: ParsedCommand | undefined
  const written: string[] = []
  const program = buildProgram(description, (command) => {
    parsed = command
  })
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => written.push(text),
      writeErr: (text) => written.push(text),
    })
  }
  try {
    program.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // A group without a command, such as `kannery lease`, shows its commands as if it had been
    // asked for help.
    if (error.exitCode === 0 || error.code === 'commander.help') return { text: written.join('') }
    throw usageError(error)
  }
  return parsed ?? { text: program.helpInformation() }
}

function buildProgram(
  { version, commands }: ProgramDescription,
  found: (command: ParsedCommand) => void,
): Command {
  const program = new Command('kannery')
    .description(
      'Keeps Kafka in cans: backs up topics into object storage or a folder, and restores them.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
  for (const declaration of commands) {
    const words = declaration.name.split(' ')
    const name = words.pop() ?? ''
    const command = words.reduce(groupOf, program).command(name)
    describe(command, declaration)
    command.action(() => {
      refuse(declaration, command.opts())
      refuseReportsAsYaml(command.opts())
      found({ declaration, words: { arguments: command.args, options: command.opts() } })
    })
  }
  return program
}

function groupOf(parent: Command, name: string): Command {
  const existing = parent.commands.find((command) => command.name() === name)
  return (
    existing ??
    parent.command(name).description(`commands about ${name}${name.endsWith('x') ? 'es' : 's'}`)
  )
}

function describe(command: Command, declaration: CommandDeclaration): void {
  command.summary(declaration.summary).description(declaration.description)
  command.helpOption('-h, --help', 'print this help')
  for (const { name, description, optional } of declaration.arguments) {
    command.addArgument(new Argument(optional === true ? `[${name}]` : `<${name}>`, description))
  }
  for (const option of optionsOf(declaration)) command.addOption(toOption(option))
  if (declaration.examples.length > 0) {
    command.addHelpText(
      'after',
      `\nExamples:\n${declaration.examples.map((line) => `  ${line}`).join('\n')}`,
    )
  }
}

function toOption(declaration: OptionDeclaration): Option {
  const short = declaration.short === undefined ? '' : `-${declaration.short}, `
  const value = valuePattern(declaration)
  const refusedValue = declaration.refused === undefined ? '' : ' [value]'
  const option = new Option(
    `${short}--${declaration.name}${value}${refusedValue}`,
    declaration.description,
  )
  // Values are read by the declared name, so that code and help never differ.
  option.attributeName = () => declaration.name
  if (declaration.implied !== undefined) option.preset(declaration.implied)
  if (declaration.choices !== undefined) option.choices([...declaration.choices])
  if (declaration.default !== undefined) option.default(declaration.default)
  if (declaration.repeatable === true) {
    option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text])
  }
  if (declaration.refused !== undefined) option.hideHelp()
  if (declaration.required === true) option.makeOptionMandatory()
  return option
}

/** How an option's value is written in help: required, or optional where one is implied. */
export function valuePattern({ value, implied }: OptionDeclaration): string {
  if (value === undefined) return ''
  return implied === undefined ? ` <${value}>` : ` [${value}]`
}

function refuse(declaration: CommandDeclaration, values: Readonly<Record<string, unknown>>): void {
  for (const option of declaration.options) {
    if (option.refused === undefined || values[option.name] === undefined) continue
    throw new KanneryError('CONFIG_INVALID', `--${option.name} is not accepted`, {
      why: 'arguments appear in process lists, logs and shell histories',
      remedy: option.refused,
    })
  }
}

function refuseReportsAsYaml(values: Readonly<Record<string, unknown>>): void {
  if (values['output'] !== 'yaml' || values['dry-run'] === true) return
  throw new KanneryError('CONFIG_INVALID', 'there is no report as YAML', {
    remedy: 'Add --dry-run for the documents that the options mean, or take json.',
  })
}

function usageError(error: CommanderError): KanneryError {
  return new KanneryError('CONFIG_INVALID', error.message.replace(/^error: /, ''), {
    remedy: 'kannery help shows the commands, kannery help <command> its options.',
  })
}

function* everyCommand(command: Command): Iterable<Command> {
  yield command
  for (const child of command.commands) yield* everyCommand(child)
}
