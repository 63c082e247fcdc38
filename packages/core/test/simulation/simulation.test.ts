import { describe, expect, test } from 'vitest'
import { simulate } from './history.ts'
import { FaultTable } from './steps.ts'

const histories = 2000

describe('the simulation', () => {
  test('whatever goes wrong at whatever step, no acknowledged commit is lost or doubled', {
    // Two thousand histories take two minutes of a quiet core: the limit is for what hangs.
    timeout: 900_000,
  }, async () => {
    const table = new FaultTable()
    for (let seed = 1; seed <= histories; seed++) {
      const { violation, lines, cells } = await simulate(seed)
      expect(violation, `seed ${seed}\n${lines.join('\n')}`).toBeUndefined()
      table.count(cells)
    }
    process.stdout.write(`histories by step and fault\n${table.text}\n`)
    expect(table.empty).toEqual([])
  })

  test('the same seed is the same history', async () => {
    const first = await simulate(7)

    expect(await simulate(7)).toEqual(first)
    expect((await simulate(8)).lines).not.toEqual(first.lines)
  })
})
