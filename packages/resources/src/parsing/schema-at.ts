import { z } from 'zod'
import { advice } from '../values/schemas.ts'
import type { FieldPath } from './problem.ts'

/** What the schema says about the field at a path. */
export interface FieldRules {
  /** What to write there, where the schema says so. */
  readonly right: string | undefined
  /** Names of the fields that an object there may have. */
  readonly fields: readonly string[]
}

export function rulesAt(schema: z.core.$ZodType, path: FieldPath): FieldRules {
  const { inner, right } = unwrap(schema)
  const [step, ...rest] = path
  if (step === undefined) {
    return { right, fields: inner instanceof z.ZodObject ? Object.keys(inner.shape) : [] }
  }
  const next = childOf(inner, step)
  return next === undefined ? { right: undefined, fields: [] } : rulesAt(next, rest)
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    return Object.hasOwn(schema.shape, step) ? (schema.shape[step] as z.core.$ZodType) : undefined
  }
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodRecord) return schema.valueType
  return undefined
}

/**
 * What is inside of defaults, options and transformations, and the advice that is found on the way.
 */
function unwrap(schema: z.core.$ZodType): {
  readonly inner: z.core.$ZodType
  readonly right: string | undefined
} {
  const right = advice.get(schema)?.right
  const wrapped = wrappedBy(schema)
  if (wrapped === undefined) return { inner: schema, right }
  const { inner, right: innerRight } = unwrap(wrapped)
  return { inner, right: right ?? innerRight }
}

function wrappedBy(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return schema.unwrap()
  if (schema instanceof z.ZodPipe) return schema.in
  return undefined
}
