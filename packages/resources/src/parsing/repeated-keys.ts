import { type Document, isScalar, visit } from 'yaml'

/**
 * The position of the first key that an earlier key of its map repeats; undefined without any. The
 * check of the library compares each key with each: 20,000 keys take 10 seconds.
 */
export function repeatedKeyAt(document: Document): number | undefined {
  let found: number | undefined
  visit(document, {
    Map(_key, { items }) {
      const keys = new Set<string>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (keys.has(name)) {
          found = key.range?.[0] ?? 0
          return visit.BREAK
        }
        keys.add(name)
      }
      return undefined
    },
  })
  return found
}
