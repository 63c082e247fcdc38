import { describe, expect, test } from 'vitest'
import { SlabPair } from './slab-pair.ts'

describe('two slabs', () => {
  test('are taken in turn: one answer stays whole while the next one arrives', () => {
    const slabs = new SlabPair()
    const first = slabs.take()
    slabs.place(first, 3).write('one')
    slabs.release()
    const second = slabs.take()
    slabs.place(second, 3).write('two')

    expect(slabs.place(first, 3).toString('utf8', 0, 3)).toBe('one')
    slabs.release()
    expect(slabs.take()).toBe(first)
  })

  test('are used again, and grow to the largest answer', () => {
    const slabs = new SlabPair()
    const slab = slabs.take()
    const small = slabs.place(slab, 10)
    expect(slabs.place(slab, small.length)).toBe(small)
    expect(slabs.place(slab, small.length + 1).length).toBeGreaterThan(small.length)
  })

  test('are not taken by a third answer, which would overwrite one that is still read', () => {
    const slabs = new SlabPair()
    slabs.take()
    slabs.take()
    expect(() => slabs.take()).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  })
})
