import type { StandardSchema } from '../backend.ts'

/**
 * Returns the schema of a configuration, made from a function that checks one. The message of the
 * error that `check` throws becomes the only issue of the validation.
 *
 * @param vendor name of the package, for apps that show it
 * @param check returns the configuration, or throws an error that says what is wrong with it
 */
export function schemaOf<Config>(
  vendor: string,
  check: (value: unknown) => Config,
): StandardSchema<Config> {
  const validate = (value: unknown): unknown => {
    try {
      return { value: check(value) }
    } catch (error) {
      return { issues: [{ message: error instanceof Error ? error.message : String(error) }] }
    }
  }
  return { '~standard': { version: 1, vendor, validate } }
}
