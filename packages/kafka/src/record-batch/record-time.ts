/**
 * The time of a record: its batch's base timestamp and its own delta, added as Java adds longs.
 * What overflows wraps around, and so a producer's time comes out right again.
 */
export function addTime(base: bigint, delta: number | bigint): bigint {
  return BigInt.asIntN(64, base + BigInt(delta))
}

/**
 * A record time as footers and indexes hold it: the nearest integer that JSON readers keep exact,
 * at most ±(2⁵³ − 1) milliseconds.
 *
 * Saturation keeps the order of times, so comparing with a time that a date can hold (±8.64 × 10¹⁵)
 * gives the same answer as comparing the exact int64 of the batch.
 */
export function saturatedTime(time: bigint | number): number {
  const limit = Number.MAX_SAFE_INTEGER
  return Math.max(-limit, Math.min(limit, Number(time)))
}
