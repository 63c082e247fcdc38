import type { CommandDeclaration } from '../command.ts'
import type { OptionDeclaration } from '../options.ts'
import { optionsOf } from '../program.ts'

export type Shell = 'bash' | 'zsh' | 'fish'
export const shells: readonly Shell[] = ['bash', 'zsh', 'fish']

/**
 * A script that makes `shell` complete the words of `kannery`: commands, options, choices, and
 * files elsewhere.
 */
export function completionScript(shell: Shell, commands: readonly CommandDeclaration[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      // zsh runs bash completions through its own emulation: one script to keep right.
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`
    case 'fish':
      return fishScript(commands)
  }
}

function shownOptions(command: CommandDeclaration): readonly OptionDeclaration[] {
  return optionsOf(command).filter((option) => option.refused === undefined)
}

function firstWords(commands: readonly CommandDeclaration[]): string[] {
  return [...new Set(commands.map((command) => command.name.split(' ')[0] ?? '')), 'help']
}

function bashScript(commands: readonly CommandDeclaration[]): string {
  const branches = commands.flatMap((command) => {
    const choices = shownOptions(command)
      .filter((option) => option.choices !== undefined)
      .map((option) => `      --${option.name}) words="${option.choices?.join(' ')}" ;;`)
    const options = shownOptions(command).map((option) => `--${option.name}`)
    return [
      `    "${command.name}"*)`,
      '      case "$previous" in',
      ...choices,
      `      *) words="${options.join(' ')}" ;;`,
      '      esac ;;',
    ]
  })
  const groups = [...groupsOf(commands)].map(
    ([group, children]) => `    "${group}") words="${children.join(' ')}" ;;`,
  )
  return `_kannery() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words=""
  local line="\${COMP_WORDS[*]:1:$((COMP_CWORD - 1))}"
  case "$line" in
    "") words="${firstWords(commands).join(' ')}" ;;
${[...groups, ...branches].join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _kannery kannery
`
}

function groupsOf(commands: readonly CommandDeclaration[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const command of commands) {
    const [group = '', child] = command.name.split(' ')
    if (child !== undefined) groups.set(group, [...(groups.get(group) ?? []), child])
  }
  return groups
}

function fishScript(commands: readonly CommandDeclaration[]): string {
  const lines = ['complete -c kannery -n __fish_use_subcommand -f']
  const summaries = new Map(commands.map((command) => [command.name, command.summary]))
  for (const word of firstWords(commands)) {
    lines.push(
      `complete -c kannery -n __fish_use_subcommand -a ${word} -d ${quote(summaries.get(word) ?? '')}`,
    )
  }
  for (const [group, children] of groupsOf(commands)) {
    lines.push(
      `complete -c kannery -n '__fish_seen_subcommand_from ${group}' -f -a '${children.join(' ')}'`,
    )
  }
  for (const command of commands) {
    const words = command.name.split(' ')
    const condition = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    for (const option of shownOptions(command)) {
      const short = option.short === undefined ? '' : ` -s ${option.short}`
      lines.push(
        `complete -c kannery -n '${condition}' -l ${option.name}${short}${fishValue(option)} -d ${quote(option.description)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

/** -x: one of the choices and nothing else; -r: some value, such as a file. */
function fishValue({ value, implied, choices }: OptionDeclaration): string {
  if (choices !== undefined) return ` -x -a '${choices.join(' ')}'`
  return value === undefined || implied !== undefined ? '' : ' -r'
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
