import { parseArgs } from 'node:util'
import { simulate } from './history.ts'
import { FaultTable } from './steps.ts'

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

const table = new FaultTable()
for (let seed = first; seed < first + histories && process.exitCode === undefined; seed++) {
  const { violation, lines, cells } = await simulate(seed)
  table.count(cells)
  if (violation === undefined) continue
  process.stdout.write(`seed ${seed}\n${lines.join('\n')}\n`)
  process.exitCode = 1
}
process.stdout.write(`histories by step and fault\n${table.text}\n`)
