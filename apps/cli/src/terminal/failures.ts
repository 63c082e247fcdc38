import type { FailedTopic } from '@kannery/runtime'

/** A line for each topic that failed. */
export function describeFailed(failed: readonly FailedTopic[]): readonly string[] {
  return failed.map(({ topic, code, message }) => `failed: ${topic}: ${code}: ${message}`)
}

/** A place in an object that cannot be used. `from` is inclusive, `to` exclusive. */
interface DamagedPlace {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

export function describeDamage({ key, from, to, reason }: DamagedPlace): string {
  return `bytes ${from}..${to} of ${key}: ${reason}`
}
