import { KanneryError } from '@kannery/storage'

/**
 * Bytes of an object that cannot be used: `from` inclusive, `to` exclusive. Both are the same where
 * bytes are missing.
 */
export interface Damage {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** DATA_CORRUPT, naming the object and the bytes. */
export function corrupt(damage: Damage): KanneryError {
  const { key, from, to, reason } = damage
  return new KanneryError('DATA_CORRUPT', `segment ${key} is damaged at bytes ${from}-${to}`, {
    why: reason,
    facts: { key, from, to },
  })
}

/** The other way round; undefined for every error that is not about damage in a segment. */
export function damageOf(error: unknown): Damage | undefined {
  if (!KanneryError.is(error, 'DATA_CORRUPT')) return undefined
  const { key, from, to } = error.facts
  if (typeof key !== 'string' || typeof from !== 'number' || typeof to !== 'number') {
    return undefined
  }
  return { key, from, to, reason: error.why ?? error.message }
}

export function unsupported(key: string, why: string): KanneryError {
  return new KanneryError(
    'DATA_VERSION_UNSUPPORTED',
    `segment ${key} needs a newer version of Kannery`,
    { why, facts: { key } },
  )
}
