import { KanneryError } from '@kannery/storage'

const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** `64MiB`, `64 MiB`, `1GB` or a number of bytes. @throws CONFIG_INVALID */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([0-9]+)\s?([A-Za-z]*)$/.exec(text.trim()) ?? []
  const factor = unit === '' ? 1 : units[unit]
  const bytes = Number(number) * (factor ?? Number.NaN)
  if (number === '' || !Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new KanneryError('CONFIG_INVALID', `not a size: ${JSON.stringify(text)}`, {
      remedy: `Write a number and a unit, such as 64MiB (units: ${Object.keys(units).join(', ')}).`,
    })
  }
  return bytes
}
