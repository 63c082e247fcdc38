import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchBackup } from './backup.ts'
import { Broker } from './broker.ts'
import { benchGrowth } from './growth.ts'
import { parseOptions } from './options.ts'
import { benchRestore } from './restore.ts'

const benches = { backup: benchBackup, restore: benchRestore }

const { names, bytes, rounds } = parseOptions(process.argv.slice(2))
const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
process.stdout.write(`${machine}, Node ${process.version}\n`)
const besidePeers = names.filter((name) => name !== 'growth')
if (besidePeers.length > 0) await benchBesidePeers()
if (names.includes('growth')) {
  process.stdout.write(`\nmedians (least–greatest) of 256 commits\n${await benchGrowth(say)}`)
}

async function benchBesidePeers(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'kannery-bench-'))
  try {
    await using broker = await Broker.start()
    process.stdout.write(
      `${rounds} rounds; the broker is on the same machine\n` +
        'medians (least–greatest) of whole processes with their start; ratios: ours / theirs\n',
    )
    for (const name of besidePeers) {
      for (const report of await benches[name]({ broker, scratch, bytes, rounds, say })) {
        process.stdout.write(`\n${report}`)
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
