import { describe, expect, test } from 'vitest'
import { ChunkMemory } from './chunk-memory.ts'

const mebibyte = 1024 * 1024

describe('memory for chunks', () => {
  test('comes in powers of two, so that at most half of a block is empty', () => {
    const memory = new ChunkMemory()
    for (const bytes of [1, 1025, 130_000, 300_000, mebibyte - 1, mebibyte]) {
      const { bytes: block } = memory.take(bytes)
      expect(block.length).toBeGreaterThanOrEqual(bytes)
      expect(block.length).toBeLessThanOrEqual(Math.max(1024, 2 * bytes))
    }
    expect(memory.take(5 * mebibyte + 1).bytes).toHaveLength(5 * mebibyte + 1)
  })

  test('has exactly the requested size when little is left, and no block grows any more', () => {
    const memory = new ChunkMemory({ limitBytes: 10 * mebibyte, spareBelowBytes: mebibyte })
    expect(memory.mayGrowTo(700_000)).toBe(true)
    memory.take(mebibyte)
    expect(memory.mayGrowTo(1)).toBe(false)
    expect(memory.take(700_000).bytes).toHaveLength(700_000)
  })

  test('is of exactly the size that was asked for, if that is wanted', () => {
    const memory = new ChunkMemory()
    const blocks = [40, 300_000, 2 * mebibyte].map((bytes) => memory.takeExactly(bytes))
    expect(blocks.map(({ bytes }) => bytes.length)).toEqual([40, 300_000, 2 * mebibyte])
    expect(memory.used).toBe(300_040 + 2 * mebibyte)

    for (const block of blocks) block.release()
    expect(memory.used).toBe(0)
  })

  test('is released once: a block that is released twice is not taken twice', () => {
    const memory = new ChunkMemory()
    const [released] = [memory.take(mebibyte), memory.take(mebibyte)]
    released.release()
    released.release()

    expect(memory.used).toBe(mebibyte)
    expect(memory.take(mebibyte).bytes.buffer).toBe(released.bytes.buffer)
    expect(memory.take(mebibyte).bytes.buffer).not.toBe(released.bytes.buffer)
  })

  test('in spare pages stays within the limit, together with what is in use', () => {
    const memory = new ChunkMemory({ limitBytes: 8 * mebibyte })
    const blocks = Array.from({ length: 8 }, () => memory.take(mebibyte))
    for (const block of blocks.slice(1)) block.release()
    expect([memory.used, memory.kept]).toEqual([mebibyte, 7 * mebibyte])

    memory.take(6 * mebibyte)
    expect([memory.used, memory.kept]).toEqual([7 * mebibyte, mebibyte])
  })

  test('is not kept at all when no chunk is in use', () => {
    const memory = new ChunkMemory({ limitBytes: 100 * mebibyte })
    const blocks = Array.from({ length: 40 }, () => memory.take(mebibyte))
    for (const block of blocks) block.release()
    expect([memory.used, memory.kept]).toEqual([0, 0])
  })
})
