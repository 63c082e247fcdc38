import type { OptionValues } from '../../command.ts'
import { integer, type Option, time } from '../../options.ts'

const atMostNineDigits = { min: 0, max: 999_999_999 }

/** Chooses an incarnation of a topic. */
export const incarnationOption: Option<number | undefined> = integer(atMostNineDigits)({
  description:
    'the number of an incarnation, if the topic was created again or truncated; kannery show lists them. Defaults to the last one',
})

type SelectionOptions = {
  readonly partition: Option<readonly number[]>
  readonly since: Option<Date | undefined>
  readonly until: Option<Date | undefined>
  readonly incarnation: Option<number | undefined>
}

/** Options that choose among a topic's records. */
export const selectionOptions: SelectionOptions = {
  partition: integer(atMostNineDigits)({
    short: 'p',
    description: 'only this partition',
    repeatable: true,
    commas: true,
  }),
  since: time({
    description:
      'only records with this timestamp or a later one, such as 2026-11-23T10:00Z or -90m',
  }),
  until: time({ description: 'only records with an earlier timestamp' }),
  incarnation: incarnationOption,
}

/**
 * Which records of a topic were chosen. `sinceMs` is inclusive, `untilMs` exclusive; absent means
 * all.
 */
export interface Selection {
  readonly partitions?: readonly number[]
  readonly incarnation?: number
  readonly window: { readonly sinceMs?: number; readonly untilMs?: number }
}

/** The selection that the options describe. */
export function selectionOf(options: OptionValues<SelectionOptions>): Selection {
  const { partition: partitions, incarnation, since, until } = options
  return {
    ...(partitions.length === 0 ? {} : { partitions }),
    ...(incarnation === undefined ? {} : { incarnation }),
    window: {
      ...(since === undefined ? {} : { sinceMs: since.getTime() }),
      ...(until === undefined ? {} : { untilMs: until.getTime() }),
    },
  }
}
