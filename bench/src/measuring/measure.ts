import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What one run of a contender took, of the whole process with its start. */
export interface Measurement {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakRssBytes: number
}

interface MeasureDocument extends Measurement {
  readonly exitStatus: number
}

export interface MeasuredRun {
  readonly measurement: Measurement
  /** What it wrote to its two streams, mixed. */
  readonly output: string
}

/** Runs a command under measure.py. `scratch` is a folder. */
export async function measure(scratch: string, command: readonly string[]): Promise<Measurement> {
  return (await measureWithOutput(scratch, command)).measurement
}

export async function measureWithOutput(
  scratch: string,
  command: readonly string[],
): Promise<MeasuredRun> {
  const resultFile = join(scratch, 'measurement.json')
  const script = join(import.meta.dirname, '../../measure.py')
  const output = await runQuietly('python3', [script, resultFile, ...command])
  const { exitStatus, ...measurement } = JSON.parse(
    await readFile(resultFile, 'utf8'),
  ) as MeasureDocument
  if (exitStatus !== 0) {
    const end = output.slice(-4000)
    throw new Error(`${command.slice(0, 3).join(' ')} … ended with ${exitStatus}:\n${end}`)
  }
  return { measurement, output }
}

function runQuietly(command: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', () => resolve(output))
  })
}
