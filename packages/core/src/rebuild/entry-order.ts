import { rangesOf } from '../index-file/coverage.ts'
import type { Index } from '../index-file/format/model.ts'

/**
 * Returns why no writer can have committed the tail of `index`; undefined when one can. Finds
 * mistakes of a person that no single field shows: the offsets of a partition must increase along
 * the tail, and every entry must be of an existing incarnation.
 */
export function brokenOrder(index: Index): string | undefined {
  const known = new Set(index.incarnations.map(({ n }) => n))
  const seen = new Set<string>()
  const covered = new Map<string, number>()
  for (const entry of index.segments) {
    const { id, in: n } = entry
    if (!known.has(n)) return `segment ${id} is of incarnation ${n}, which is not there`
    if (seen.has(id)) return `segment ${id} is named twice`
    seen.add(id)
    for (const [partition, [from, next]] of rangesOf(entry)) {
      const place = `${n}/${partition}`
      const before = covered.get(place) ?? 0
      if (from > next || from < before) {
        return `segment ${id} covers partition ${partition} from ${from} to ${next}, after ${before}`
      }
      covered.set(place, next)
    }
  }
  return undefined
}
