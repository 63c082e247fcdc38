import { KanneryError } from '@kannery/storage'
import { type CommandDeclaration, defineCommand } from '../command.ts'
import { completionScript, shells } from '../help/completion.ts'

/** The commands are handed in, because completion is itself one of them. */
export function completionCommand(
  commands: () => readonly CommandDeclaration[],
): CommandDeclaration {
  return defineCommand({
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    description: 'The script knows every command, option and choice of this version.',
    arguments: { shell: { description: shells.join(', ') } },
    options: {},
    examples: [
      'kannery completion bash > ~/.local/share/bash-completion/completions/kannery',
      "echo 'source <(kannery completion zsh)' >> ~/.zshrc",
      'kannery completion fish > ~/.config/fish/completions/kannery.fish',
    ],
    async run({ arguments: { shell: name }, terminal }) {
      const shell = shells.find((candidate) => candidate === name)
      if (shell === undefined) {
        throw new KanneryError('CONFIG_INVALID', `unknown shell ${JSON.stringify(name)}`, {
          remedy: `Write one of ${shells.join(', ')}.`,
        })
      }
      await terminal.print(completionScript(shell, commands()))
    },
  })
}
