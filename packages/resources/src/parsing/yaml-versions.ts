import { type Document, isScalar, Scalar, visit } from 'yaml'

/** What is wrong with a text, and the position where it is. */
export interface TextError {
  readonly wrong: string
  readonly right: string
  readonly at: number
}

/**
 * The first merge key or number that programs of YAML 1.1, such as kubectl, read in another way
 * than YAML 1.2; undefined without any.
 */
export function otherInYaml11(document: Document): TextError | undefined {
  let found: TextError | undefined
  visit(document, {
    Pair(_key, { key }) {
      if (!isScalar(key) || key.type !== Scalar.PLAIN || key.source !== '<<') return undefined
      found = { ...mergeKey, at: key.range?.[0] ?? 0 }
      return visit.BREAK
    },
    Scalar(_key, { type, source = '', value, range }) {
      if (type !== Scalar.PLAIN || typeof value !== 'number') return undefined
      if (!/^[-+]?0[0-9]+$/.test(source)) return undefined
      found = { ...leadingZero, at: range?.[0] ?? 0 }
      return visit.BREAK
    },
  })
  return found
}

const mergeKey = {
  wrong: 'has a merge key (<<), which YAML 1.2 does not have',
  right: 'Write the fields themselves instead of it.',
} as const

const leadingZero = {
  wrong: 'has a number that begins with 0: 010 is 10 in YAML 1.2, and 8 for kubectl',
  right: 'Write it without the zero, or in quotes where it is text.',
} as const
