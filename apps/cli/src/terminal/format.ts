import type { KnownTimes } from '@kannery/core/segment'

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1.5 MiB`; whole bytes below one KiB. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${binaryUnits[unit]}`
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `2h 05m`, `3m 20s`, `4s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`
}

/**
 * Record times as ISO 8601 in UTC; Kafka's int64 reaches beyond what a date can hold. −1 is that of
 * a record without a time:
 * https://github.com/apache/kafka/blob/4.1.0/clients/src/main/java/org/apache/kafka/common/record/RecordBatch.java
 */
export function formatTime(milliseconds: number | bigint): string {
  const date = new Date(Number(milliseconds))
  if (Number(milliseconds) === -1) return 'no time'
  return Number.isNaN(date.getTime()) ? `${milliseconds} ms` : date.toISOString()
}

/** The least and the greatest record time: `≈` marks an estimate. */
export function formatTimes({ time, estimatedLeast }: KnownTimes): string {
  if (time === null) return 'none'
  const [least, greatest] = time
  const estimate = estimatedLeast === undefined ? 'unknown' : `≈${formatTime(estimatedLeast)}`
  return `${least === null ? estimate : formatTime(least)} .. ${formatTime(greatest)}`
}

/**
 * Columns padded to their widest cell, two spaces apart; numbers are the caller's to right-align.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(header), ...rows.map(line)].join('\n')
}

/** URL schemes as they are written: `s3:`. */
export function formatSchemes(schemes: readonly string[]): string {
  return schemes.map((scheme) => `${scheme}:`).join(' ')
}
