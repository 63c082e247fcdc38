import { listPlugins, type PluginListing, pluginSources, pluginsVariable } from '@kannery/runtime'
import { type CommandDeclaration, defineCommand } from '../../command.ts'
import { formatSchemes, formatTable } from '../../terminal/format.ts'

export const pluginLsCommand: CommandDeclaration = defineCommand({
  name: 'plugin ls',
  summary: 'list the storage backends that kannery finds',
  description: `Lists them in the order of precedence: those named in ${pluginsVariable} (absolute paths or package names, separated as in PATH), those installed beside kannery, those in the plugin folder.`,
  arguments: {},
  options: {},
  examples: ['kannery plugin ls'],
  async run({ environment, app, terminal }) {
    const plugins = await listPlugins(pluginSources(environment, app))
    await terminal.result(
      { plugins },
      formatTable(['PACKAGE', 'VERSION', 'URLS', 'FOUND', 'WHERE'], plugins.map(describe)),
    )
  },
})

function describe(listing: PluginListing): string[] {
  const found = listing.origin === 'installed' ? 'beside kannery' : listing.origin
  return listing.kind === 'usable'
    ? [listing.package, listing.version, formatSchemes(listing.urlSchemes), found, listing.folder]
    : [listing.package, '-', '-', found, `${listing.error.code}: ${listing.error.message}`]
}
