import type { Random } from '@kannery/storage'

/**
 * A source of random numbers that a seed determines, the same on every machine. It is predictable:
 * use it in tests only.
 */
export interface SeededRandom extends Random {
  /** Returns a number from 0, inclusive, to 1, exclusive. */
  fraction(): number
  /** Returns an integer from 0, inclusive, to `limit`, exclusive. */
  below(limit: number): number
  /** Returns true with a probability from 0, which is never, to 1, which is always. */
  chance(probability: number): boolean
  /**
   * Returns one of the choices, each with the same probability.
   *
   * @throws RangeError if there are none
   */
  pick<T>(choices: readonly T[]): T
  /**
   * Returns another source, which the next number of this one seeds. What is asked of it later does
   * not change the numbers of this one.
   */
  fork(): SeededRandom
}

/** Returns a source of random numbers that begins at `seed`, of which the lower 32 bits count. */
export function seededRandom(seed: number): SeededRandom {
  const next = splitMix32(seed)
  const fraction = (): number => next() / 2 ** 32
  const below = (limit: number): number => Math.floor(fraction() * limit)
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() >>> 24),
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick: <T>(choices: readonly T[]): T => {
      if (choices.length === 0) throw new RangeError('there is nothing to pick from')
      return choices[below(choices.length)] as T
    },
    fork: () => seededRandom(next()),
  }
}

/**
 * Returns the next 32 bits with each call: SplitMix with 32 bits of state (Steele, Lea, Flood: Fast
 * Splittable Pseudorandom Number Generators, 2014).
 */
function splitMix32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}
