import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import { KanneryError } from '@kannery/storage'
import type { Environment } from '../system.ts'

/** The app that looks for plugins. */
export interface App {
  /** `import.meta.url` of one of its modules: packages installed beside it are found from there. */
  readonly url: string
  readonly version: string
}

/**
 * Where plugins may come from, in this order. The working directory is never among it: that would
 * run a stranger's code.
 */
export interface PluginSources {
  /**
   * Plugins that the user named: absolute paths of package folders, or package names. They take
   * precedence over all others.
   */
  readonly named: readonly string[]
  readonly app: App
  /** The plugin folder. Its `node_modules` is searched last. */
  readonly folder: string
  /** Names of the packages that may be loaded. Defaults to all. */
  readonly allowed?: ReadonlySet<string>
}

/** Plugins to use before all others, separated as in PATH. */
export const pluginsVariable = 'KANNERY_PLUGINS'
/** The plugin folder, in place of the default one. */
export const pluginFolderVariable = 'KANNERY_PLUGIN_FOLDER'

const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/

/**
 * Finds the sources of plugins in the environment.
 *
 * @throws CONFIG_INVALID for a relative path: its meaning would depend on the working directory
 */
export function pluginSources(environment: Environment, app: App): PluginSources {
  const named = (environment[pluginsVariable] ?? '')
    .split(delimiter)
    .filter((entry) => entry !== '')
  for (const entry of named) {
    if (!isAbsolute(entry) && !packageName.test(entry)) throw relative(pluginsVariable, entry)
  }
  return { named, app, folder: pluginFolder(environment) }
}

/**
 * https://specifications.freedesktop.org/basedir-spec/latest/: a relative XDG_DATA_HOME is to be
 * ignored.
 */
function pluginFolder(environment: Environment): string {
  const chosen = environment[pluginFolderVariable]
  if (chosen !== undefined && chosen !== '') {
    if (!isAbsolute(chosen)) throw relative(pluginFolderVariable, chosen)
    return chosen
  }
  const { XDG_DATA_HOME: data = '' } = environment
  return join(isAbsolute(data) ? data : join(homedir(), '.local/share'), 'kannery/plugins')
}

function relative(variable: string, value: string): KanneryError {
  return new KanneryError(
    'CONFIG_INVALID',
    `${variable} holds neither an absolute path nor a package name: ${JSON.stringify(value)}`,
    {
      why: 'a plugin is a program; which one it is must not depend on the folder where Kannery is started',
      remedy: 'Write an absolute path, or the name of an installed package.',
    },
  )
}
