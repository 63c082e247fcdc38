import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchGrowth } from './growth.ts'
import { Broker } from './kafka/broker.ts'
import { rows } from './kafka/rows.ts'
import { formatReport } from './measuring/report.ts'
import type { FiguresDocument, RowResult } from './measuring/row.ts'
import { parseOptions } from './options.ts'
import { benchStart } from './start.ts'
import { benchStorages } from './storages/storages.ts'

const options = parseOptions(process.argv.slice(2))
const { bytes, rounds, before, json, others } = options
const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
const results: RowResult[] = []
process.stdout.write(`${machine}, Node ${process.version}\n`)
if (options.rows.size > 0 || others.some((name) => name !== 'growth')) await benchBesidePeers()
if (others.includes('growth')) {
  process.stdout.write(`\nmedians (least–greatest) of 256 commits\n${await benchGrowth(say)}`)
}

async function benchBesidePeers(): Promise<void> {
  process.stdout.write(
    `${rounds} rounds; the servers are on the same machine\n` +
      'medians (least–greatest) of whole processes with their start; ratios: ours / theirs\n' +
      'equal: the spreads overlap\n',
  )
  const scratch = await mkdtemp(join(tmpdir(), 'kannery-bench-'))
  try {
    if (options.rows.size > 0) await benchBesideKafka(scratch)
    if (others.includes('storages')) {
      for (const result of await benchStorages({ scratch, bytes, rounds, say })) await add(result)
    }
    if (others.includes('start')) print(await benchStart(scratch, rounds, say))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function benchBesideKafka(scratch: string): Promise<void> {
  await using broker = await Broker.start()
  for (const row of rows) {
    if (!options.rows.has(row.name)) continue
    await add(await row.run({ broker, scratch, bytes, rounds, before, say }))
  }
}

/** The file is whole after each row: what was measured outlives a failure later on. */
async function add(result: RowResult): Promise<void> {
  results.push(result)
  print(formatReport(result))
  if (json === undefined) return
  const document: FiguresDocument = { machine, node: process.version, rounds, rows: results }
  await writeFile(json, `${JSON.stringify(document, null, 2)}\n`)
}

function print(report: string): void {
  process.stdout.write(`\n${report}`)
}
