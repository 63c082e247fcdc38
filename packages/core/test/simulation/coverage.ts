import type { Index, SegmentEntry } from '../../src/index-file/format/model.ts'

/**
 * Each offset is covered once, by a segment or by a gap, from the first on, and no history
 * continues with an older one.
 */
export function brokenCoverage(index: Index, entries: readonly SegmentEntry[]): string | undefined {
  const covered = [
    ...entries.flatMap(({ id, offsets }) => (offsets[0] ? [{ id, range: offsets[0] }] : [])),
    ...index.gaps.map(({ offsets }) => ({ id: 'a gap', range: [...offsets, -1] as const })),
  ].toSorted((one, other) => one.range[0] - other.range[0])
  let next = index.incarnations.at(-1)?.start[0] ?? 0
  let newest = 0
  for (const { id, range } of covered) {
    const [from, end, leaderEpoch] = range
    if (from !== next) return `${id} continues at ${from}, not at ${next}`
    if (leaderEpoch >= 0 && leaderEpoch < newest) return `${id} is of a history that was cut off`
    newest = Math.max(newest, leaderEpoch)
    next = end
  }
  return undefined
}
