import { expect, test } from 'vitest'
import { faultNames, simulate, steps } from './history.ts'

const histories = 2000

test('whatever goes wrong at whatever step, no acknowledged commit is lost or doubled', {
  timeout: 120_000,
}, async () => {
  const table = new Map<string, number>()
  for (let seed = 1; seed <= histories; seed++) {
    const { violation, lines, cells } = await simulate(seed)
    expect(violation, `seed ${seed}\n${lines.join('\n')}`).toBeUndefined()
    for (const cell of new Set(cells)) table.set(cell, (table.get(cell) ?? 0) + 1)
  }

  const struck = faultNames.filter((fault) => fault !== 'clock a day behind')
  const wanted = Object.keys(steps).flatMap((step) => struck.map((fault) => `${step} × ${fault}`))
  expect(wanted.filter((cell) => !table.has(cell))).toEqual([])
  expect(table.get('whole process × clock a day behind')).toBeGreaterThan(0)
})

test('the same seed is the same history', async () => {
  const first = await simulate(7)

  expect(await simulate(7)).toEqual(first)
  expect((await simulate(8)).lines).not.toEqual(first.lines)
})
