/**
 * Returns a value of parsed JSON as an object.
 *
 * @throws TypeError that names the value when it is something else
 */
export function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new TypeError(`${name} is not an object`)
}

/**
 * Returns a value of parsed JSON as a list.
 *
 * @throws TypeError that names the value when it is something else
 */
export function asArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TypeError(`${name} is not a list`)
}

/**
 * Returns a value of parsed JSON as a string.
 *
 * @throws TypeError that names the value when it is something else
 */
export function asString(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new TypeError(`${name} is not a string`)
}

/**
 * Returns a value of parsed JSON as an integer that a double holds exactly and that is at least
 * `least`.
 *
 * @throws TypeError that names the value when it is something else
 */
export function asInteger(value: unknown, name: string, least = 0): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw new TypeError(`${name} is not an integer of at least ${least}`)
}

/** As {@link asInteger}, and null as null. */
export function asIntegerOrNull(value: unknown, name: string, least = 0): number | null {
  return value === null ? null : asInteger(value, name, least)
}
