/** The comparison takes time for each letter; a longer name is no misspelling. */
const longestName = 253

/** The known name that `name` is most likely a misspelling of; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestName) return undefined
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(fold(name), fold(candidate)) }))
    .filter(
      ({ candidate, distance }) =>
        distance <= Math.max(candidate.length > 3 ? 2 : 1, candidate.length / 3),
    )
    .toSorted((one, other) => one.distance - other.distance)
  return near[0]?.candidate
}

/** `max_size` and `MaxSize` are `maxSize`. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Levenshtein's distance: letters to insert, delete or replace. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of one.split('').entries()) {
    const next = [index + 1]
    for (const [position, otherLetter] of other.split('').entries()) {
      const replaced = (row[position] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(replaced, (row[position + 1] ?? 0) + 1, (next[position] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
