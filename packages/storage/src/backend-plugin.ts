import type { BackendPlugin } from './backend.ts'

// Registered for the whole process: a plugin usually brings its own copy of this package.
const brand = Symbol.for('kannery.backend-plugin')

/**
 * Returns a frozen copy of `plugin` that is marked as a backend plugin. A plugin's package exports
 * it under the name `plugin`; without the mark, an app refuses the package with PLUGIN_INVALID.
 *
 * @example
 * export const plugin = defineBackendPlugin({ contract: 1, type: 'redis', … })
 */
export function defineBackendPlugin<Config>(plugin: BackendPlugin<Config>): BackendPlugin<Config> {
  return Object.freeze({ ...plugin, [brand]: true })
}

/**
 * Returns whether {@link defineBackendPlugin} made `candidate`, in this copy of the package or
 * another. Its `contract` may still be one that this version does not know.
 */
export function isBackendPlugin(candidate: unknown): candidate is BackendPlugin {
  return typeof candidate === 'object' && candidate !== null && brand in candidate
}
