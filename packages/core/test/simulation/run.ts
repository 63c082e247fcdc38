import { parseArgs } from 'node:util'
import { simulate } from './history.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
})

const first = Number(values.seed)
const histories = Number(values.histories)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(histories) || histories < 1) {
  throw new RangeError('--histories and --seed are whole numbers')
}

const table = new Map<string, number>()
for (let seed = first; seed < first + histories && process.exitCode === undefined; seed++) {
  const { violation, lines, cells } = await simulate(seed)
  for (const cell of new Set(cells)) table.set(cell, (table.get(cell) ?? 0) + 1)
  if (violation === undefined) continue
  process.stdout.write(`seed ${seed}\n${lines.join('\n')}\n`)
  process.exitCode = 1
}
const rows = [...table].map(([cell, count]) => `${cell.padEnd(48)} ${count}`).sort()
process.stdout.write(`histories per step × fault\n${rows.join('\n')}\n`)
