import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryBudget } from './memory-budget.ts'

describe('a memory budget', () => {
  test('requests that wait are granted in their order as soon as there is room', async () => {
    const budget = new MemoryBudget(10)
    const entered: string[] = []
    const enter = async (name: string, bytes: number): Promise<void> => {
      await budget.acquire(bytes)
      entered.push(name)
    }
    await enter('first', 8)
    const all = [enter('large', 6), enter('small', 1)]

    await Promise.resolve()
    expect(entered).toEqual(['first'])

    budget.release(8)
    await Promise.all(all)
    expect(entered).toEqual(['first', 'large', 'small'])
    expect(budget.used).toBe(7)
  })

  test('a request larger than the whole budget is granted when nothing else is in use', async () => {
    const budget = new MemoryBudget(10)
    await budget.acquire(1)
    const large = budget.acquire(50)
    budget.release(1)
    await large
    expect(budget.used).toBe(50)

    let entered = false
    const small = budget.acquire(1).then(() => {
      entered = true
    })
    await Promise.resolve()
    expect(entered).toBe(false)
    budget.release(50)
    await small
  })

  test('a closed budget refuses waiting and later requests', async () => {
    const budget = new MemoryBudget(10)
    await budget.acquire(10)
    const waiting = budget.acquire(1)
    budget.close(new Error('the lane failed'))

    await expect(waiting).rejects.toThrow('the lane failed')
    await expect(budget.acquire(1)).rejects.toThrow('the lane failed')
  })

  test('no more than the limit is in use, unless one request is larger, and all are granted', async () => {
    const limit = 20
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 50 }),
        async (sizes) => {
          const budget = new MemoryBudget(limit)
          const inside = new Set<number>()
          let under = 0
          await Promise.all(
            sizes.map(async (bytes, index) => {
              await budget.acquire(bytes)
              inside.add(index)
              under += bytes
              expect(under <= limit || inside.size === 1).toBe(true)
              for (let turn = 0; turn < bytes % 3; turn++) await Promise.resolve()
              inside.delete(index)
              under -= bytes
              budget.release(bytes)
            }),
          )
          expect(budget.used).toBe(0)
        },
      ),
    )
  })
})
