import type { Measurement } from './measure.ts'
import type { ContenderResult } from './row.ts'

export interface Contender {
  readonly name: string
  /** One run, with its clean-up; only the run itself is measured. */
  run(round: number): Promise<Measurement>
}

/** Alternates between the contenders, and begins each round with another one. */
export async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<ContenderResult[]> {
  const results = contenders.map(({ name }) => ({ name, measurements: [] as Measurement[] }))
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length
      const contender = contenders[index]
      if (contender === undefined) continue
      const measurement = await contender.run(round)
      say(`round ${round + 1}, ${contender.name}: ${measurement.seconds.toFixed(1)} s`)
      results[index]?.measurements.push(measurement)
    }
  }
  return results
}
