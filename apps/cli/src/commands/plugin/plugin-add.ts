import { isAbsolute, resolve } from 'node:path'
import { addPlugin, pluginFolderVariable, pluginSources } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatSchemes } from '../../terminal/format.ts'

export const pluginAddCommand: CommandDeclaration = defineCommand({
  name: 'plugin add',
  summary: 'install a storage backend for this user',
  description: `Installs a package by npm or pnpm into a folder of its own, where kannery looks for backends after its own place: ~/.local/share/kannery/plugins, or that of XDG_DATA_HOME or ${pluginFolderVariable}. A backend is a program: add only what you trust.`,
  arguments: {
    package: {
      description: 'its name, with @version if need be, or the path of a folder or tarball',
    },
  },
  options: {},
  examples: [
    'kannery plugin add @kannery/backend-s3',
    'kannery plugin add ./kannery-backend-s3.tgz',
  ],
  async run(invocation) {
    const { app, environment, signal, terminal } = invocation
    const added = await addPlugin(
      packageWanted(invocation.arguments.package, invocation.directory),
      {
        sources: pluginSources(environment, app),
        environment,
        signal,
      },
    )
    await terminal.result(
      { added: added.map(({ package: { name, version, folder } }) => ({ name, version, folder })) },
      added
        .map(({ package: { name, version }, plugin }) => {
          return `added ${name} ${version}, for ${formatSchemes(plugin.urlSchemes)}`
        })
        .join('\n'),
    )
  },
})

/**
 * A path is that of the working directory; everything else is for the package manager to
 * understand.
 */
function packageWanted(wanted: string, directory: string): string {
  const isPath = /^\.{1,2}(\/|$)/.test(wanted) || (wanted.endsWith('.tgz') && !isAbsolute(wanted))
  return isPath ? resolve(directory, wanted) : wanted
}
