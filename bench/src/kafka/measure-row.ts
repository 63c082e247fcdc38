import { type Contender, runRounds } from '../measuring/rounds.ts'
import type { RowResult, Work } from '../measuring/row.ts'
import type { Bench } from './bench.ts'
import type { SourceTopic } from './contenders.ts'

/** A row, before it is measured. */
export interface PlannedRow {
  readonly name: string
  readonly title: string
  readonly work: Work
  readonly contenders: readonly Contender[]
  readonly findRemarks?: () => Promise<string[]>
}

/** Measures the contenders of a row, then deletes the topic that they read. */
export async function measureRow(
  { broker, rounds, say }: Bench,
  { topic }: SourceTopic,
  { findRemarks, contenders, ...row }: PlannedRow,
): Promise<RowResult> {
  const results = await runRounds(contenders, rounds, (line) => say(`${row.name}, ${line}`))
  const remarks = await findRemarks?.()
  await broker.delete(topic)
  return { ...row, contenders: results, remarks: remarks ?? [] }
}
