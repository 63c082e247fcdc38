/**
 * Sets how many points without a name are kept. Of each kind of period, the newest point in each of
 * the newest so many periods is kept; periods without a point do not count. Periods are in UTC. A
 * rule that is left out keeps none.
 */
export interface KeepRules {
  /** How many of the newest points are kept, whatever their periods. */
  readonly last?: number | undefined
  /** How many days keep their newest point. */
  readonly daily?: number | undefined
  /** How many weeks keep their newest point. Weeks begin on Monday (ISO 8601). */
  readonly weekly?: number | undefined
  /** How many months keep their newest point. */
  readonly monthly?: number | undefined
  /** How many years keep their newest point. */
  readonly yearly?: number | undefined
}

type Period = keyof KeepRules

const dayMs = 86_400_000

const periods: Readonly<Record<Period, (at: Date) => string>> = {
  last: (at) => at.toISOString(),
  daily: (at) => at.toISOString().slice(0, 10),
  weekly: (at) => String(Math.floor((at.getTime() / dayMs + 3) / 7)),
  monthly: (at) => at.toISOString().slice(0, 7),
  yearly: (at) => at.toISOString().slice(0, 4),
}

/** Returns the points that any rule keeps (the grandfather-father-son scheme). */
export function pointsToKeep<P extends { readonly at: string }>(
  points: readonly P[],
  rules: KeepRules,
): ReadonlySet<P> {
  const newestFirst = points.toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at))
  const kept = new Set<P>()
  for (const [period, nameOf] of Object.entries(periods)) {
    const seen = new Set<string>()
    for (const point of newestFirst) {
      const name = nameOf(new Date(point.at))
      if (seen.has(name) || seen.size >= (rules[period as Period] ?? 0)) continue
      seen.add(name)
      kept.add(point)
    }
  }
  return kept
}
