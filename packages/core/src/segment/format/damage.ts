import { KanneryError } from '@kannery/storage'

/**
 * Identifies damaged bytes of an object: `from` inclusive, `to` exclusive. Both are the same where
 * bytes are missing.
 */
export interface Damage {
  readonly key: string
  readonly from: number
  readonly to: number
  /** What is wrong with these bytes, for people. */
  readonly reason: string
}

/** Makes the error DATA_CORRUPT, which names the object and the damaged bytes. */
export function corrupt(damage: Damage): KanneryError {
  const { key, from, to, reason } = damage
  return new KanneryError('DATA_CORRUPT', `segment ${key} is damaged at bytes ${from}-${to}`, {
    why: reason,
    facts: { key, from, to },
  })
}

/**
 * Returns the damaged bytes that a DATA_CORRUPT error names; undefined for every other error, and
 * for one that names no bytes.
 */
export function damageOf(error: unknown): Damage | undefined {
  if (!KanneryError.is(error, 'DATA_CORRUPT')) return undefined
  const { key, from, to } = error.facts
  if (typeof key !== 'string' || typeof from !== 'number' || typeof to !== 'number') {
    return undefined
  }
  return { key, from, to, reason: error.why ?? error.message }
}

/** Makes the error for a segment that only a newer version can read. */
export function unsupported(key: string, why: string): KanneryError {
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `segment ${key} needs a newer version of Kannery`,
    { why, facts: { key } },
  )
}
