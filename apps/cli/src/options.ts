import { checkRetention, parseDuration, parseSize, parseTime } from '@kannery/resources/values'
import { KanneryError } from '@kannery/storage'

/** An option as the help, the man page and the completion show it. */
export interface OptionDeclaration {
  /** The long name without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** What the value is, such as `duration`. A flag has none. */
  readonly value?: string
  readonly description: string
  readonly choices?: readonly string[]
  /** The value when the option is not given. */
  readonly default?: string
  /** The value when the option is given without one. */
  readonly implied?: string
  readonly repeatable?: true
  /** Whether commas separate several values in one word. */
  readonly commas?: true
  readonly required?: true
  /** The reason why the option is refused. Such an option is not shown in the help. */
  readonly refused?: string
}

/** An option of a command: how it is shown, and how its words become a value of type `Value`. */
export interface Option<Value> extends Omit<OptionDeclaration, 'name'> {
  /** The long name without dashes. Defaults to the key under which the option is declared. */
  readonly name?: string
  /** @throws CONFIG_INVALID saying what is wrong with a word, and what is right */
  read(words: OptionWords, now: number): Value
}

/** What the command line says about one option: its words in their order, or that it was given. */
export type OptionWords = string | readonly string[] | true | undefined

/** What a declaration can say about an option with a value. */
export interface OptionDetails {
  readonly name?: string
  readonly description: string
  readonly short?: string
  readonly value?: string
  readonly implied?: string
}

interface Certain {
  readonly required: true
}
interface WithDefault {
  readonly default: string
}
interface Repeatable {
  readonly repeatable: true
  readonly commas?: true
  readonly required?: true
}

/**
 * Declares an option whose words become values of type `Value`: a list where it is repeatable, and
 * undefined where it is not given and neither required nor has a default.
 */
export interface DeclareOption<Value> {
  (details: OptionDetails & Repeatable): Option<readonly Value[]>
  (details: OptionDetails & (Certain | WithDefault)): Option<Value>
  (details: OptionDetails): Option<Value | undefined>
}

type AnyDetails = OptionDetails & Partial<Certain & WithDefault & Repeatable>

/**
 * A kind of option: `value` says in the help what a word of it is.
 *
 * @param parse throws CONFIG_INVALID for a word that it does not understand
 */
export function optionKind<Value>(
  value: string,
  parse: (word: string, now: number) => Value,
  choices?: readonly string[],
): DeclareOption<Value> {
  function declare(details: OptionDetails & Repeatable): Option<readonly Value[]>
  function declare(details: OptionDetails & (Certain | WithDefault)): Option<Value>
  function declare(details: OptionDetails): Option<Value | undefined>
  function declare(details: AnyDetails): Option<readonly Value[] | Value | undefined> {
    return {
      value,
      ...(choices === undefined ? {} : { choices }),
      ...details,
      read(words, now) {
        const separate = details.commas === true ? separateByCommas : (word: string) => [word]
        const values = wordsOf(words)
          .flatMap(separate)
          .map((word) => parse(word, now))
        return details.repeatable === true ? values : values[0]
      },
    }
  }
  return declare
}

function wordsOf(words: OptionWords): readonly string[] {
  if (words === undefined || words === true) return []
  return typeof words === 'string' ? [words] : words
}

/** A comma in a regular expression between slashes separates nothing. */
function separateByCommas(word: string): readonly string[] {
  return word.match(/(?<=^|,)(?:\/.*?\/(?=,|$)|[^,]*)/g) ?? []
}

/** Any text but an empty one, which a variable that is not set leaves. */
export const text: DeclareOption<string> = optionKind('text', (word) => {
  if (word !== '') return word
  throw new KanneryError('CONFIG_INVALID', 'the value is empty', {
    remedy: 'Write a value, or leave the option out.',
  })
})

/** An amount of bytes, such as `64MiB`, as a number of bytes. */
export const size: DeclareOption<number> = optionKind('size', parseSize)

/** A length of time, such as `1h30m`, in milliseconds. */
export const duration: DeclareOption<number> = optionKind('duration', parseDuration)

/** A moment, such as `2026-11-23T10:00Z`, or `-90m` for 90 minutes before now. */
export const time: DeclareOption<Date> = optionKind(
  'time',
  (word, now) => new Date(parseTime(word, now)),
)

/** A whole number from `min` to `max`. */
export function integer({ min, max }: { min: number; max: number }): DeclareOption<number> {
  return optionKind('number', (word) => {
    const number = /^[0-9]{1,15}$/.test(word) ? Number(word) : Number.NaN
    if (number >= min && number <= max) return number
    throw new KanneryError('CONFIG_INVALID', `not a whole number: ${JSON.stringify(word)}`, {
      remedy: `Write a whole number from ${min} to ${max}.`,
    })
  })
}

/** `keep`, or how long to keep what is stored, such as `30d`. */
export const retention: DeclareOption<string> = optionKind('duration', checkRetention)

/** One of a few words. */
export function choice<const Choice extends string>(
  choices: readonly Choice[],
): DeclareOption<Choice> {
  const parse = (word: string): Choice => {
    const chosen = choices.find((candidate) => candidate === word)
    if (chosen !== undefined) return chosen
    throw new KanneryError('CONFIG_INVALID', `not a choice: ${JSON.stringify(word)}`, {
      remedy: `Write one of ${choices.join(', ')}.`,
    })
  }
  return optionKind('choice', parse, choices)
}

/** An option without a value. */
export function flag(details: {
  readonly name?: string
  readonly short?: string
  readonly description: string
}): Option<boolean> {
  return { ...details, read: (words) => words === true }
}

/** An option that is recognised only to be refused, and whose value is never repeated. */
export function refused(details: {
  readonly name?: string
  /** What to use instead. */
  readonly instead: string
}): Option<undefined> {
  const { instead, ...named } = details
  return { ...named, description: 'refused', refused: instead, read: () => undefined }
}
