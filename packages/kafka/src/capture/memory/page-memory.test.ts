import { describe, expect, test } from 'vitest'
import { PageMemory, type PagePart, pageBytes } from './page-memory.ts'

/** Takes a part, of one page more if there is no room. */
function take(memory: PageMemory, length: number): PagePart {
  const part = memory.take(length)
  if (part !== undefined) return part
  memory.addPage()
  return take(memory, length)
}

/** Always the same sizes between 1 byte and a page, most of them small. */
function* sizes(count: number): Iterable<number> {
  let state = 1
  for (let index = 0; index < count; index++) {
    state = (state * 48_271) % 2_147_483_647
    yield 1 + Math.floor((pageBytes - 1) * (state / 2_147_483_647) ** 4)
  }
}

describe('parts of pages', () => {
  test('never overlap, and leave only empty pages when all are free', () => {
    const memory = new PageMemory()
    const parts: { readonly part: PagePart; readonly mark: Buffer }[] = []
    let number = 0
    for (const size of sizes(2000)) {
      const part = take(memory, size)
      expect(part.bytes).toHaveLength(size)
      number = (number + 1) % 251
      part.bytes.fill(number)
      parts.push({ part, mark: Buffer.alloc(size, number) })
      const [any] = parts.length > 100 ? parts.splice(size % parts.length, 1) : []
      if (any === undefined) continue
      expect(any.part.bytes.equals(any.mark)).toBe(true)
      any.part.free()
    }
    for (const { part } of parts) part.free()

    expect(memory.bytes).toBeGreaterThan(pageBytes)
    while (memory.dropEmptyPage());
    expect(memory.bytes).toBe(0)
  })

  test('fill a page to its end', () => {
    const memory = new PageMemory()
    for (const kibibytes of [700, 100, 200, 24]) take(memory, kibibytes * 1024)
    expect(memory.bytes).toBe(pageBytes)
    expect(memory.take(1)).toBeUndefined()
  })

  test('that grow together need hardly more than their sizes', () => {
    const memory = new PageMemory()
    let parts: PagePart[] = []
    for (let size = 1024; size <= 128 * 1024; size *= 2) {
      parts = Array.from({ length: 700 }, (_, index) => {
        const larger = take(memory, size)
        parts[index]?.free()
        return larger
      })
      while (memory.dropEmptyPage());
      expect(memory.bytes).toBeLessThanOrEqual(1.1 * 700 * size + 2 * pageBytes)
    }
  })
})
