import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startKafka } from '@kannery/testing/servers/kafka/kafka-server'
import { runCrashes } from './crashes.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
if (!Number.isSafeInteger(kills) || !Number.isSafeInteger(seed) || kills < 1) {
  throw new RangeError('--kills and --seed are whole numbers')
}

const began = performance.now()
await using kafka = await startKafka()
const folder = await mkdtemp(join(tmpdir(), 'kannery-crashes-'))
const say = (line: string): void => void process.stderr.write(`${line}\n`)
const { bootstrapServers } = kafka
const report = await runCrashes({ bootstrapServers, folder, kills, seed, say })
const { produced, epoch, comparison, findings, unnamed, gaveUp, setbacks } = report
const { equalRecords, differences } = comparison
const faults = [
  ...gaveUp,
  ...setbacks,
  ...differences,
  ...unnamed,
  ...findings.map((one) => JSON.stringify(one)),
]
if (faults.length === 0 && equalRecords === produced) {
  await rm(folder, { recursive: true })
} else {
  say([...report.kills, ...faults, `the backup is in ${folder}`].join('\n'))
  process.exitCode = 1
}
const seconds = ((performance.now() - began) / 1000).toFixed(0)
say(
  `${report.kills.length} kills (seed ${seed}, epoch ${epoch}), ${equalRecords} of ${produced} records equal, ${faults.length} faults, ${seconds} s`,
)
