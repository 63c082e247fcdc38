import { parseTime } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'
import type { OptionDeclaration, OptionValues } from '../../command.ts'

/** Which life of a topic. */
export const incarnationOption: OptionDeclaration = {
  name: 'incarnation',
  value: 'number',
  description:
    'which life of the topic, where it was created again or truncated; kannery show lists them. The last one by default',
}

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
    description:
      'only records with this timestamp or a later one, such as 2026-11-23T10:00Z or -90m',
  },
  { name: 'until', value: 'time', description: 'only records with an earlier timestamp' },
  incarnationOption,
]

/** What of a topic was chosen. `sinceMs` is inclusive, `untilMs` exclusive; absent means all. */
export interface Selection {
  readonly partitions?: readonly number[]
  readonly incarnation?: number
  readonly window: { readonly sinceMs?: number; readonly untilMs?: number }
}

/** @throws CONFIG_INVALID */
export function selectionOf(options: OptionValues, now: number): Selection {
  const partitions = options.list('partition').map(parsePartition)
  const incarnation = incarnationOf(options)
  const since = options.text('since')
  const until = options.text('until')
  return {
    ...(partitions.length === 0 ? {} : { partitions }),
    ...(incarnation === undefined ? {} : { incarnation }),
    window: {
      ...(since === undefined ? {} : { sinceMs: parseTime(since, now) }),
      ...(until === undefined ? {} : { untilMs: parseTime(until, now) }),
    },
  }
}

/** @throws CONFIG_INVALID */
export function incarnationOf(options: OptionValues): number | undefined {
  const text = options.text('incarnation')
  if (text === undefined) return undefined
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new KanneryError('CONFIG_INVALID', `not an incarnation: ${JSON.stringify(text)}`, {
    remedy: 'Write its number; kannery show lists them.',
  })
}

function parsePartition(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new KanneryError('CONFIG_INVALID', `not a partition: ${JSON.stringify(text)}`, {
    remedy: 'Write a number from 0 on; give the option again for another partition.',
  })
}
