import type { z } from 'zod'
import { quote } from '../values/quote.ts'
import { nearestName } from './nearest-name.ts'
import type { FieldPath } from './problem.ts'
import { type FieldRules, rulesAt } from './schema-at.ts'
import { mayBeSecret, secretsIn } from './secrets-in-documents.ts'

/** What is wrong with the field at a path. */
export interface FieldProblem {
  readonly path: FieldPath
  readonly wrong: string
  readonly right: string
}

/** All problems of a document: of what it holds, and those that its schema found. */
export function findProblems(
  schema: z.core.$ZodType,
  document: unknown,
  issues: readonly z.core.$ZodIssue[],
): readonly FieldProblem[] {
  const secrets = [...secretsIn(document)].map(
    (path): FieldProblem => ({
      path,
      wrong: 'holds a secret',
      right: placeForSecret(schema, path),
    }),
  )
  const others = issues
    .flatMap((issue) => problemsOf(schema, document, issue))
    .filter(({ path }) => !secrets.some((secret) => isSamePath(secret.path, path)))
  return [...secrets, ...others]
}

/** Where the secret belongs that is at a path. */
function placeForSecret(schema: z.core.$ZodType, path: FieldPath): string {
  const remove = 'Remove it, and change the secret if others saw it.'
  const reference = '{file: /path} or {environment: NAME}'
  const takes = (place: FieldPath): boolean => rulesAt(schema, place).fields.includes('file')
  if (takes(path) || takes(path.slice(0, -1))) {
    return `${remove} Write where it is read from instead: ${reference}.`
  }
  if (takes(['spec', 'credentials', 'secrets', 'any'])) {
    return `${remove} Write where it is read from into spec.credentials.secrets: a name, and ${reference}.`
  }
  if (takes(['spec', 'sasl', 'password'])) {
    return `${remove} Write the user as spec.sasl.username, and where its password is read from as spec.sasl.password: ${reference}.`
  }
  return `${remove} A Storage or KafkaCluster says where secrets are read from.`
}

function problemsOf(
  schema: z.core.$ZodType,
  document: unknown,
  issue: z.core.$ZodIssue,
): readonly FieldProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  const rules = rulesAt(schema, path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownField([...path, name], rules))
  }
  const value = valueAt(document, path)
  const isHidden = mayBeSecret(value, path)
  const wrong = describe(issue, value, isHidden ? 'the value' : show(value))
  const isQuoted = isHidden && typeof value === 'string'
  return [
    {
      path,
      wrong: isQuoted ? wrong.replace(`: ${quote(value)}`, '') : wrong,
      right: adviceFor(issue, rules),
    },
  ]
}

function unknownField(path: FieldPath, { fields }: FieldRules): FieldProblem {
  const nearest = nearestName(String(path.at(-1)), fields)
  return {
    path,
    wrong: 'is not a known field',
    right: nearest === undefined ? `Known here: ${fields.join(', ')}.` : `Did you mean ${nearest}?`,
  }
}

function describe(issue: z.core.$ZodIssue, value: unknown, shown: string): string {
  if (value === undefined && issue.code !== 'custom') return 'is missing'
  if (issue.code === 'invalid_type') {
    return `is ${typeName(value)}, not ${expectedTypes[issue.expected] ?? issue.expected}`
  }
  if (issue.code === 'invalid_value') return `${shown} is not known here`
  if (issue.code === 'too_small') {
    return typeof value === 'number' ? `${shown} is too small` : 'is empty'
  }
  if (issue.code === 'too_big') return `${shown} is too large`
  const isOfTheValue = issue.code === 'custom' && issue.message.startsWith('is not ')
  if (isOfTheValue && typeof value === 'string') return `${shown} ${issue.message}`
  return issue.code === 'custom' ? issue.message : `${shown} is not valid`
}

function adviceFor(issue: z.core.$ZodIssue, { right, fields }: FieldRules): string {
  const own: unknown = issue.code === 'custom' ? issue.params?.['right'] : undefined
  if (typeof own === 'string') return own
  if (right !== undefined) return right
  if (fields.length > 0) return `Write its fields: ${fields.join(', ')}.`
  const expected = issue.code === 'invalid_type' ? expectedTypes[issue.expected] : undefined
  return expected === undefined ? 'Correct it.' : `Write ${expected}.`
}

const expectedTypes: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'fields',
  record: 'fields',
  array: 'a list',
}

function typeName(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a group of fields'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a broken number'
  return typeof value === 'boolean' ? 'true or false' : 'text'
}

function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : 'the value'
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let found = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Readonly<Record<string | number, unknown>>)[step]
  }
  return found
}

function isSamePath(one: FieldPath, other: FieldPath): boolean {
  return one.length === other.length && one.every((step, index) => step === other[index])
}
