import { errorCodes } from '@kannery/storage'
import type { CommandDeclaration, OptionDeclaration } from '../command.ts'
import { commonOptions } from '../program.ts'

/** The name of a command's page, such as `kannery-lease-ls.1`. */
export function manPageName(command: CommandDeclaration): string {
  return `kannery-${command.name.replaceAll(' ', '-')}.1`
}

/** A command's page in the `man` macros of roff (man 7 groff_man). */
export function commandManPage(command: CommandDeclaration, version: string): string {
  const title = manPageName(command).slice(0, -2)
  const options = [...command.options, ...commonOptions].filter((option) => option.refused === undefined)
  return page(title, version, [
    section('NAME', [`${title} \\- ${escape(command.summary)}`]),
    section('SYNOPSIS', [
      `.B kannery ${escape(command.name)}`,
      ...command.arguments.map(({ name, optional }) =>
        optional === true ? `[\\fI${escape(name)}\\fR]` : `\\fI${escape(name)}\\fR`,
      ),
      '[\\fIoptions\\fR]',
    ]),
    section('DESCRIPTION', [escape(command.description)]),
    section('ARGUMENTS', command.arguments.flatMap(({ name, description }) => tagged(`\\fI${escape(name)}\\fR`, description))),
    section('OPTIONS', options.flatMap(optionEntry)),
    section('EXAMPLES', command.examples.flatMap((line) => ['.PP', '.EX', escape(line), '.EE'])),
    section('SEE ALSO', ['.BR kannery (1)']),
  ])
}

/** The page about the whole: the commands, and the exit status of every error code. */
export function overviewManPage(commands: readonly CommandDeclaration[], version: string): string {
  const statuses = Object.entries(errorCodes).toSorted(([, a], [, b]) => a.exitStatus - b.exitStatus)
  return page('kannery', version, [
    section('NAME', ['kannery \\- keeps Kafka in cans: backs up topics and restores them']),
    section('SYNOPSIS', ['.B kannery', '\\fIcommand\\fR [\\fIoptions\\fR]']),
    section('COMMANDS', commands.flatMap((command) => tagged(`\\fB${escape(command.name)}\\fR`, command.summary))),
    section('EXIT STATUS', [
      ...tagged('0', 'the command did what was asked'),
      ...statuses.flatMap(([code, { exitStatus, remedy }]) => tagged(String(exitStatus), `${code}: ${remedy}`)),
      ...tagged('130', 'stopped at once by a second Ctrl-C'),
    ]),
  ])
}

function page(title: string, version: string, sections: readonly string[]): string {
  return `.TH ${title.toUpperCase().replaceAll('-', '\\-')} 1 "" "kannery ${version}"\n${sections.join('')}`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `.SH ${title}\n${lines.join('\n')}\n`
}

function tagged(tag: string, text: string): string[] {
  return ['.TP', tag, escape(text)]
}

function optionEntry(option: OptionDeclaration): string[] {
  const short = option.short === undefined ? '' : `\\-${option.short}, `
  const value = option.value === undefined ? '' : ` \\fI${escape(option.value)}\\fR`
  const choices = option.choices === undefined ? '' : ` (${option.choices.join(', ')})`
  const fallback = option.default === undefined ? '' : ` [${option.default}]`
  return tagged(
    `${short}\\-\\-${escape(option.name)}${value}`,
    `${option.description}${choices}${fallback}`,
  )
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/gm, '\\&$1')
}
