import type { RowResult } from '../measuring/row.ts'
import type { Broker } from './broker.ts'

/** What the rows beside a broker share. */
export interface Bench {
  readonly broker: Broker
  /** A folder for what the contenders write. */
  readonly scratch: string
  /** Of a topic, as it goes over the wire. Rows of many small batches have fewer. */
  readonly bytes: number
  readonly rounds: number
  /** The `bin.js` of another build, to be measured as well. */
  readonly before: string | undefined
  readonly say: (line: string) => void
}

/** A line of the table of figures: one work, done by several contenders. */
export interface Row {
  /** `group/name`. */
  readonly name: string
  run(bench: Bench): Promise<RowResult>
}
