import type { ErrorCodeDescription } from '../error-code-description.ts'

/** Codes of errors about the plugins that serve storages. */
export type PluginErrorCode =
  | 'PLUGIN_MISSING'
  | 'PLUGIN_INVALID'
  | 'PLUGIN_DENIED'
  | 'PLUGIN_INSTALL_FAILED'

/** Descriptions of the codes of errors about plugins. */
export const pluginCodes: Readonly<Record<PluginErrorCode, ErrorCodeDescription>> = {
  PLUGIN_MISSING: { exitStatus: 40, remedy: 'Install the package that the message names.' },
  PLUGIN_INVALID: {
    exitStatus: 41,
    remedy: 'Ask the author of the plugin, or install another version.',
  },
  PLUGIN_DENIED: {
    exitStatus: 42,
    remedy: 'Use a plugin on the allow-list, or have this one added to it.',
  },
  PLUGIN_INSTALL_FAILED: {
    exitStatus: 43,
    remedy: 'Correct what the package manager reported, then try again.',
  },
}
