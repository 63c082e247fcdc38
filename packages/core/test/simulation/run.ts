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

const began = performance.now()
const table = new FaultTable()
let lived = 0
let lost: number | undefined
while (lived < histories && lost === undefined) {
  const seed = first + lived++
  const { violation, lines, cells } = await simulate(seed)
  table.count(cells)
  if (violation === undefined) continue
  process.stdout.write(`seed ${seed}\n${lines.join('\n')}\n`)
  lost = seed
}
if (lost !== undefined) process.exitCode = 1
process.stdout.write(`histories by step and fault\n${table.text}\n`)
const seeds = `seeds ${first} to ${first + lived - 1}`
const outcome = lost === undefined ? '0 lost' : `1 lost (seed ${lost})`
const seconds = ((performance.now() - began) / 1000).toFixed(0)
process.stdout.write(`${lived} histories (${seeds}), ${outcome}, ${seconds} s\n`)
