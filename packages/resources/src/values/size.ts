import { KanneryError } from '@kannery/storage'
import { quote } from './quote.ts'

const units = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const satisfies Readonly<Record<string, number>>

/** A size such as `64MiB`, `64 MiB`, `1GB`, or a number of bytes. @throws CONFIG_INVALID */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([0-9]+)\s?([A-Za-z]*)$/.exec(text.trim()) ?? []
  const factors: Readonly<Record<string, number>> = units
  const factor = unit === '' ? 1 : factors[unit]
  const bytes = Number(number) * (factor ?? Number.NaN)
  if (number === '' || !Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new KanneryError('CONFIG_INVALID', `not a size: ${quote(text)}`, {
      remedy: `Write a number and a unit, such as 64MiB (units: ${Object.keys(units).join(', ')}).`,
    })
  }
  return bytes
}

/** The size in the largest unit that gives a whole number: {@link parseSize} reads it. */
export function formatSize(bytes: number): string {
  const [unit, factor] = Object.entries(units)
    .toSorted(([, one], [, other]) => other - one)
    .find(([, each]) => bytes % each === 0) ?? ['B', 1]
  return `${bytes / factor}${unit}`
}
