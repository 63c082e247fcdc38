import { KanneryError } from '@kannery/storage'
import { z } from 'zod'

/** The data of a type that only reads them. */
export type Immutable<Data> = Data extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : Data extends object
    ? { readonly [Name in keyof Data]: Immutable<Data[Name]> }
    : Data

/** What to write instead, by schema: the second half of every problem that a document has. */
export const advice = z.registry<{ readonly right: string }>()

/**
 * Text that `parse` understands; it throws CONFIG_INVALID with a remedy for text that it does not.
 */
export function parsedText<Value>(parse: (text: string) => Value, right: string) {
  return z
    .string()
    .register(advice, { right })
    .transform((text, context): Value => {
      try {
        return parse(text)
      } catch (error) {
        if (!KanneryError.is(error)) throw error
        context.addIssue({
          code: 'custom',
          message: error.why === undefined ? error.message : `${error.message} (${error.why})`,
          params: { right: error.remedy },
        })
        return z.NEVER
      }
    })
}

/** Text that matches `pattern`. @param what it is then, with an article. */
export function matchingText(pattern: RegExp, { what, right }: { what: string; right: string }) {
  return z
    .string()
    .refine((text) => pattern.test(text), { message: `is not ${what}` })
    .register(advice, { right })
}

/** Any text but an empty one. */
export function someText(right: string) {
  return z.string().min(1).register(advice, { right })
}

export function wholeNumber(least: number, greatest: number) {
  return z
    .int()
    .min(least)
    .max(greatest)
    .register(advice, { right: `Write a whole number from ${least} to ${greatest}.` })
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).register(advice, { right: `Write ${words.join(' or ')}.` })
}

export function trueOrFalse() {
  return z.boolean().register(advice, { right: 'Write true or false.' })
}

/**
 * Refines an object of which exactly one of `names` must be there. Checked whatever else is wrong
 * with the object, so that all problems are reported together.
 */
export function exactlyOne(names: readonly string[]) {
  const given = (value: unknown): readonly string[] =>
    typeof value === 'object' && value !== null ? names.filter((name) => name in value) : []
  return [
    (value: unknown) => given(value).length === 1,
    {
      when: ({ value }: { readonly value: unknown }) =>
        typeof value === 'object' && value !== null && !Array.isArray(value),
      error: ({ input }: { readonly input?: unknown }) => {
        const found = given(input)
        return found.length === 0
          ? `names none of ${names.join(', ')}`
          : `names ${found.join(' and ')}`
      },
      params: { right: `Write exactly one of ${names.join(', ')}.` },
    },
  ] as const
}
