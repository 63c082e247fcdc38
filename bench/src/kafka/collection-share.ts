import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { measureWithOutput } from '../measuring/measure.ts'
import type { Bench } from './bench.ts'
import { backupCommand } from './contenders.ts'

/*
 * V8 says what each collection took, of every thread that runs JavaScript. It counts only the time
 * in which the thread stands still, so all of the work is done in that time for once.
 */
const collectorOptions = ['--trace-gc', '--single-threaded-gc']

/** One run of a backup of `topic` that finds out what garbage collection is of its CPU time. */
export async function findCollectionShare(
  bench: Bench,
  topic: string,
  options: readonly string[],
): Promise<string> {
  const target = join(bench.scratch, 'collections')
  await mkdir(target)
  const [node = '', ...words] = backupCommand(bench, { topic, target })
  const command = [node, ...collectorOptions, ...words, ...options]
  const { measurement, output } = await measureWithOutput(bench.scratch, command)
  await rm(target, { recursive: true })
  const { cpuSeconds } = measurement
  const share = (100 * collectionSeconds(output)) / cpuSeconds
  return `garbage collection, in one more run: ${share.toFixed(1)} % of ${cpuSeconds.toFixed(1)} CPU-s`
}

const pause = /(?:Scavenge|Mark-Compact|Minor Mark-Sweep).* -> .* MB, .*?(\d+\.\d+) \/ \d+\.\d+ ms/
const steps = /\(\+ (\d+\.\d+) ms in \d+ steps/

/** Adds up the lines of `--trace-gc`: each collection, and the steps that prepared it. */
export function collectionSeconds(trace: string): number {
  let milliseconds = 0
  for (const line of trace.split('\n')) {
    const [, whole = '0'] = pause.exec(line) ?? []
    const [, before = '0'] = steps.exec(line) ?? []
    milliseconds += Number(whole) + Number(before)
  }
  return milliseconds / 1000
}
