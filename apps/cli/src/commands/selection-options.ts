import { KanneryError } from '@kannery/storage'
import type { OptionDeclaration } from '../command.ts'

/** Options that choose among a topic's records. */
export const selectionOptions: readonly OptionDeclaration[] = [
  {
    name: 'partition',
    short: 'p',
    value: 'number',
    description: 'only this partition',
    repeatable: true,
  },
  {
    name: 'since',
    value: 'time',
    description: 'only records with this timestamp or a later one, such as 2026-11-23T10:00Z or -90m',
  },
  { name: 'until', value: 'time', description: 'only records with an earlier timestamp' },
]

/** Partition numbers; undefined for all. @throws CONFIG_INVALID */
export function parsePartitions(texts: readonly string[]): readonly number[] | undefined {
  if (texts.length === 0) return undefined
  return texts.map((text) => {
    if (/^[0-9]{1,9}$/.test(text)) return Number(text)
    throw new KanneryError('CONFIG_INVALID', `not a partition: ${JSON.stringify(text)}`, {
      remedy: 'Write a number from 0 on; give the option again for another partition.',
    })
  })
}
