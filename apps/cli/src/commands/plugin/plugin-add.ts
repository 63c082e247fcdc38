import { isAbsolute, resolve } from 'node:path'
import { addPlugin, pluginFolderVariable, pluginSources } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatSchemes } from '../../terminal/format.ts'

export const pluginAddCommand: CommandDeclaration = defineCommand({
  name: 'plugin add',
  summary: 'install a storage backend for this user',
  description: `Installs a package with npm or pnpm into the plugin folder, in which kannery looks for backends that are not installed beside it: ~/.local/share/kannery/plugins, or as XDG_DATA_HOME or ${pluginFolderVariable} say. A backend is a program: add only what you trust.`,
  arguments: {
    package: {
      description:
        'the name of the package, with @version if needed, or the path of a folder or tarball',
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

/** A relative path is made absolute; the package manager understands everything else. */
function packageWanted(wanted: string, directory: string): string {
  const isPath = /^\.{1,2}(\/|$)/.test(wanted) || (wanted.endsWith('.tgz') && !isAbsolute(wanted))
  return isPath ? resolve(directory, wanted) : wanted
}
