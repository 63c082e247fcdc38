/**
 * Checks of what JSON brought: each returns the value as what it is, or throws a TypeError naming
 * it.
 */

export function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new TypeError(`${name} is not an object`)
}

export function asArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TypeError(`${name} is not a list`)
}

export function asString(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new TypeError(`${name} is not a string`)
}

/** An integer that a double holds exactly, and at least `least`. */
export function asInteger(value: unknown, name: string, least = 0): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw new TypeError(`${name} is not an integer of at least ${least}`)
}

export function asIntegerOrNull(value: unknown, name: string, least = 0): number | null {
  return value === null ? null : asInteger(value, name, least)
}
