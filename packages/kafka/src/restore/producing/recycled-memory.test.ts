import { describe, expect, test } from 'vitest'
import { RecycledMemory } from './recycled-memory.ts'

const megabyte = 1024 * 1024

describe('recycled memory', () => {
  test('is used again for what fits well, in just the length asked for', () => {
    const memory = new RecycledMemory(10 * megabyte)
    const first = memory.take(megabyte)
    memory.giveBack(first)

    const second = memory.take(megabyte - 1000)
    expect(second.buffer).toBe(first.buffer)
    expect(second.length).toBe(megabyte - 1000)
    expect(memory.take(megabyte).buffer).not.toBe(first.buffer)
  })

  test('does not spend a large block on a small request', () => {
    const memory = new RecycledMemory(10 * megabyte)
    const large = memory.take(4 * megabyte)
    memory.giveBack(large)
    expect(memory.take(megabyte).buffer).not.toBe(large.buffer)
    expect(memory.take(100).buffer).not.toBe(large.buffer)
  })

  test('keeps no more than its limit', () => {
    const memory = new RecycledMemory(3 * megabyte)
    const blocks = [1, 2, 3, 4].map(() => memory.take(megabyte))
    for (const block of blocks) memory.giveBack(block)

    const again = [1, 2, 3, 4].map(() => memory.take(megabyte).buffer)
    expect(again.filter((buffer) => blocks.some((block) => block.buffer === buffer))).toHaveLength(
      3,
    )
  })

  test('never hands out memory that others may share, as small buffers of Node.js do', () => {
    const memory = new RecycledMemory(10 * megabyte)
    const shared = new ArrayBuffer(megabyte)
    memory.giveBack(new Uint8Array(shared, 0, 12_000))
    memory.giveBack(new Uint8Array(shared, 12_000, 12_000))
    expect(memory.take(megabyte).buffer).not.toBe(shared)
  })

  test('hands out a block once, also when it was released twice', () => {
    const memory = new RecycledMemory(10 * megabyte)
    const block = memory.take(megabyte)
    memory.giveBack(block)
    memory.giveBack(block)

    const [one, other] = [memory.take(megabyte), memory.take(megabyte)]
    expect(one.buffer).toBe(block.buffer)
    expect(other.buffer).not.toBe(block.buffer)
  })
})
