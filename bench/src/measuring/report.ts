import type { ContenderResult, RowResult, Work } from './row.ts'

/** One contender's figures, a number for each round. */
export interface Figures {
  readonly name: string
  /** MB/s, or records/s. */
  readonly speeds: readonly number[]
  /** CPU seconds per GB, or per million records. */
  readonly cpu: readonly number[]
  readonly peakRssMb: number
}

const units = {
  bytes: { speed: 'MB/s', ofSpeed: 1e6, cpu: 'CPU-s/GB', ofCpu: 1e9 },
  records: { speed: 'records/s', ofSpeed: 1, cpu: 'CPU-s/million', ofCpu: 1e6 },
} as const

export function unitsOf(work: Work): (typeof units)[Work['unit']] {
  return units[work.unit]
}

export function figuresOf(work: Work, { name, measurements }: ContenderResult): Figures {
  const { ofSpeed, ofCpu } = unitsOf(work)
  const peaks = measurements.map(({ peakRssBytes }) => peakRssBytes)
  return {
    name,
    speeds: measurements.map(({ seconds }) => work.amount / ofSpeed / seconds),
    cpu: measurements.map(({ cpuSeconds }) => cpuSeconds / (work.amount / ofCpu)),
    peakRssMb: Math.max(...peaks) / 1e6,
  }
}

/**
 * Medians over the rounds, and how far the runs were apart; ratios are Kannery's figure over that
 * of the other.
 */
export function formatReport(row: RowResult): string {
  const remarks = (row.remarks ?? []).map((line) => `${line}\n`)
  return `${row.title}\n${formatTable(cellsOf(row))}\n${remarks.join('')}`
}

/** The same for several rows, as tables in Markdown. */
export function formatMarkdown(rows: readonly RowResult[]): string {
  return rows
    .map((row) => {
      const [header = [], ...cells] = cellsOf(row)
      const lines = [header, header.map(() => '---'), ...cells].map(
        (line) => `| ${line.join(' | ')} |`,
      )
      return [`**${row.title}**`, '', ...lines, ...(row.remarks ?? []).map((line) => `\n${line}`)]
    })
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function cellsOf({ work, contenders }: RowResult): string[][] {
  const rows = contenders.map((contender) => figuresOf(work, contender))
  const [ours] = rows
  if (ours === undefined) throw new RangeError('a report needs a contender')
  const { speed, cpu } = unitsOf(work)
  const cells = rows.map((row) => [
    row.name,
    spread(row.speeds, 0),
    spread(row.cpu, 2),
    row.peakRssMb.toFixed(0),
    row === ours ? '' : ratio(ours.speeds, row.speeds),
    row === ours ? '' : ratio(ours.cpu, row.cpu),
  ])
  return [['', speed, cpu, 'peak RSS MB', 'speed ratio', 'CPU ratio'], ...cells]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.ceil(middle) - 1],
    sorted[Math.floor(middle)],
  ]
  return (low + high) / 2
}

/** Median, least and greatest. */
export function spread(values: readonly number[], digits: number): string {
  const [least, greatest] = [Math.min(...values), Math.max(...values)]
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}–${greatest.toFixed(digits)})`
}

/** The ratio of the medians, said to be none where the spreads overlap. */
export function ratio(ours: readonly number[], theirs: readonly number[]): string {
  const quotient = (median(ours) / median(theirs)).toFixed(2)
  const overlap =
    Math.max(Math.min(...ours), Math.min(...theirs)) <=
    Math.min(Math.max(...ours), Math.max(...theirs))
  return overlap ? `equal (${quotient})` : quotient
}

export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column === 0 ? cell.padEnd(width) : cell.padStart(width + 2)
        })
        .join(''),
    )
    .join('\n')
}
