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
