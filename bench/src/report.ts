import type { Measurement } from './measure.ts'

export interface ContenderResult {
  readonly name: string
  readonly measurements: readonly Measurement[]
}

/**
 * Medians over the rounds, and how far the runs were apart; ratios are Kannery's figure over that
 * of the other.
 */
export function formatReport(
  title: string,
  bytes: number,
  results: readonly ContenderResult[],
): string {
  const rows = results.map(({ name, measurements }) => {
    const speeds = measurements.map(({ seconds }) => bytes / 1e6 / seconds)
    const cpu = measurements.map(({ cpuSeconds }) => cpuSeconds / (bytes / 1e9))
    const rss = Math.max(...measurements.map(({ peakRssBytes }) => peakRssBytes))
    return { name, speeds, cpu, rss }
  })
  const [ours] = rows
  if (ours === undefined) throw new RangeError('a report needs a contender')
  const cells = rows.map(({ name, speeds, cpu, rss }) => [
    name,
    spread(speeds, 0),
    spread(cpu, 2),
    (rss / 1e6).toFixed(0),
    ratio(median(ours.speeds), median(speeds)),
    ratio(median(ours.cpu), median(cpu)),
  ])
  const header = ['', 'MB/s', 'CPU-s/GB', 'peak RSS MB', 'speed ratio', 'CPU ratio']
  return `${title}\n${formatTable([header, ...cells])}\n`
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

function ratio(ours: number, other: number): string {
  return (ours / other).toFixed(2)
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
