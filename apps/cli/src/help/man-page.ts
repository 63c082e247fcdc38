import { errorCodes } from '@kannery/storage'
import type { CommandDeclaration } from '../command.ts'
import type { OptionDeclaration } from '../options.ts'
import { optionsOf, valuePattern } from '../program.ts'
import { whatToDo } from '../terminal/advice.ts'
import { environmentVariables } from './environment-variables.ts'

/** The name of a command's page, such as `kannery-lease-ls.1`. */
export function manPageName(command: CommandDeclaration): string {
  return `kannery-${command.name.replaceAll(' ', '-')}.1`
}

/**
 * A command's page in the `man` macros of roff:
 * https://man7.org/linux/man-pages/man7/groff_man.7.html
 */
export function commandManPage(command: CommandDeclaration, version: string): string {
  const title = manPageName(command).replace(/\.1$/, '')
  const options = optionsOf(command).filter((option) => option.refused === undefined)
  return page(title, version, [
    section('NAME', [`${title} \\- ${roff(command.summary)}`]),
    section('SYNOPSIS', [
      `.B kannery ${roff(command.name)}`,
      ...command.arguments.map(({ name, optional }) =>
        optional === true ? `[\\fI${roff(name)}\\fR]` : `\\fI${roff(name)}\\fR`,
      ),
      '[\\fIoptions\\fR]',
    ]),
    section('DESCRIPTION', [roff(command.description)]),
    section(
      'ARGUMENTS',
      command.arguments.flatMap(({ name, description }) =>
        tagged(`\\fI${roff(name)}\\fR`, description),
      ),
    ),
    section('OPTIONS', options.flatMap(optionEntry)),
    section(
      'EXAMPLES',
      command.examples.flatMap((line, index) => [
        ...(index === 0 ? [] : ['.PP']),
        '.EX',
        roff(line),
        '.EE',
      ]),
    ),
    section('SEE ALSO', ['.BR kannery (1)']),
  ])
}

/**
 * The page of `kannery` itself: the commands, the environment, and the exit status of every error
 * code.
 */
export function overviewManPage(commands: readonly CommandDeclaration[], version: string): string {
  const statuses = Object.entries(errorCodes).toSorted(
    ([, a], [, b]) => a.exitStatus - b.exitStatus,
  )
  return page('kannery', version, [
    section('NAME', ['kannery \\- keeps Kafka in cans: backs up topics and restores them']),
    section('SYNOPSIS', ['.B kannery', '\\fIcommand\\fR [\\fIoptions\\fR]']),
    section(
      'COMMANDS',
      commands.flatMap(({ name, summary }) => tagged(`\\fB${roff(name)}\\fR`, summary)),
    ),
    section(
      'ENVIRONMENT',
      environmentVariables.flatMap(({ name, description }) =>
        tagged(`\\fB${name}\\fR`, description),
      ),
    ),
    section('EXIT STATUS', [
      ...tagged('0', 'success'),
      ...statuses.flatMap(([code, description]) =>
        tagged(String(description.exitStatus), `${code}: ${whatToDo(description)}`),
      ),
      ...tagged(
        '130, 143',
        'stopped at once by Ctrl-C or SIGTERM: there was nothing to finish, or it was the second signal',
      ),
    ]),
  ])
}

function page(title: string, version: string, sections: readonly string[]): string {
  return `.TH ${roff(title.toUpperCase())} 1 "" "kannery ${version}"\n${sections.join('')}`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `.SH ${title}\n${lines.join('\n')}\n`
}

function tagged(tag: string, text: string): string[] {
  return ['.TP', tag, roff(text)]
}

function optionEntry(option: OptionDeclaration): string[] {
  const short = option.short === undefined ? '' : `\\-${option.short}, `
  const pattern = valuePattern(option)
  const value = pattern === '' ? '' : `\\fI${roff(pattern)}\\fR`
  return tagged(`${short}\\-\\-${roff(option.name)}${value}`, describeOption(option))
}

function describeOption({
  description,
  choices,
  implied,
  repeatable,
  commas,
  ...option
}: OptionDeclaration): string {
  const notes = [
    choices === undefined ? undefined : `one of ${choices.join(', ')}`,
    option.default === undefined ? undefined : `defaults to ${option.default}`,
    implied === undefined ? undefined : `${implied} when no value is given`,
    repeatable === true ? repetition(commas) : undefined,
    option.required === true ? 'required' : undefined,
  ].filter((note) => note !== undefined)
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

function repetition(commas: true | undefined): string {
  return commas === true ? 'can be repeated, or several separated by commas' : 'can be repeated'
}

/**
 * Text that roff takes as it is: no escapes, no hyphens that break lines, no line that starts as a
 * request, ASCII.
 */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll("'", '\\(aq')
    .replace(/^\./gm, '\\&.')
    .replace(/[^\p{ASCII}]/gu, (character) => {
      return `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`
    })
}
