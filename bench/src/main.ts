import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchBackup } from './backup.ts'
import { Broker } from './broker.ts'
import { benchGrowth } from './growth.ts'
import { parseOptions } from './options.ts'
import { benchRestore } from './restore.ts'
import { benchStart } from './start.ts'
import { benchStorages } from './storages/storages.ts'

const brokerBenches = { backup: benchBackup, restore: benchRestore }

const { names, bytes, rounds } = parseOptions(process.argv.slice(2))
const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
process.stdout.write(`${machine}, Node ${process.version}\n`)
const besideKafka = names.filter((name) => name === 'backup' || name === 'restore')
if (names.some((name) => name !== 'growth')) await benchBesidePeers()
if (names.includes('growth')) {
  process.stdout.write(`\nmedians (least–greatest) of 256 commits\n${await benchGrowth(say)}`)
}

async function benchBesidePeers(): Promise<void> {
  process.stdout.write(
    `${rounds} rounds; the servers are on the same machine\n` +
      'medians (least–greatest) of whole processes with their start; ratios: ours / theirs\n',
  )
  const scratch = await mkdtemp(join(tmpdir(), 'kannery-bench-'))
  try {
    if (besideKafka.length > 0) await benchBesideKafka(scratch)
    if (names.includes('storages')) {
      for (const report of await benchStorages({ scratch, bytes, rounds, say })) print(report)
    }
    if (names.includes('start')) print(await benchStart(scratch, rounds, say))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function benchBesideKafka(scratch: string): Promise<void> {
  await using broker = await Broker.start()
  for (const name of besideKafka) {
    for (const report of await brokerBenches[name]({ broker, scratch, bytes, rounds, say })) {
      print(report)
    }
  }
}

function print(report: string): void {
  process.stdout.write(`\n${report}`)
}
