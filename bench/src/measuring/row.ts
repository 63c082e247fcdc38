import type { Measurement } from './measure.ts'

export interface ContenderResult {
  readonly name: string
  /** In the order of the rounds. */
  readonly measurements: readonly Measurement[]
}

/** How much was done in each run, in what counts for speed. */
export interface Work {
  readonly unit: 'bytes' | 'records'
  readonly amount: number
}

/** What a row of figures was measured to be. */
export interface RowResult {
  readonly name: string
  readonly title: string
  readonly work: Work
  /** The first one is Kannery. */
  readonly contenders: readonly ContenderResult[]
  /** Other findings, as sentences. */
  readonly remarks?: readonly string[]
}

/** All figures of a run of the benchmark, as `--json` writes them. */
export interface FiguresDocument {
  readonly machine: string
  /** Its version. */
  readonly node: string
  readonly rounds: number
  readonly rows: readonly RowResult[]
}
