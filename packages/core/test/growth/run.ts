import { parseArgs } from 'node:util'
import { measureGrowth } from './measure-growth.ts'

/** Prints what one size costs, as JSON. */
const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '1000' },
    partitions: { type: 'string', default: '1' },
    commits: { type: 'string', default: '256' },
  },
})

const growth = { segments: Number(values.segments), partitions: Number(values.partitions) }
process.stdout.write(`${JSON.stringify(await measureGrowth(growth, Number(values.commits)))}\n`)
