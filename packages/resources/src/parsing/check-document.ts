import { type Resource, resourceKinds, schemas } from '../kinds/kinds.ts'
import { type FieldProblem, findProblems } from './find-problems.ts'
import { isKind } from './identity.ts'
import { nearestName } from './nearest-name.ts'

/** A document that is right, or what is wrong with it. */
export type Checked =
  | { readonly resource: Resource }
  | { readonly problems: readonly FieldProblem[] }

/** Checks a value against the schema of its kind. */
export function checkDocument(value: unknown): Checked {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problems: [{ path: [], wrong: 'is not a document', right: whatADocumentIs }] }
  }
  if (isCircular(value)) {
    const right = 'Write the values themselves instead of anchors and aliases.'
    return { problems: [{ path: [], wrong: 'contains itself', right }] }
  }
  const { kind } = value as { readonly kind?: unknown }
  if (kind === 'List') return { problems: [problemOfList(value)] }
  if (!isKind(kind)) return { problems: [unknownKind(kind)] }
  const schema = schemas[kind]
  const result = schema.safeParse(value)
  const problems = findProblems(schema, value, result.error?.issues ?? [])
  return result.data !== undefined && problems.length === 0
    ? { resource: result.data }
    : { problems }
}

/** Whether a value is part of itself, as an alias in its own anchor makes it. */
function isCircular(value: unknown, around: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (around.includes(value)) return true
  const within = [...around, value]
  return Object.values(value).some((item) => isCircular(item, within))
}

/** What to write where there is no document. */
export const whatADocumentIs = 'Write apiVersion, kind, metadata and spec.'

/** A List with items stands for them only where it is all of a text, or between `---`. */
function problemOfList(value: object): FieldProblem {
  if (!('items' in value)) {
    return { path: ['items'], wrong: 'is missing', right: 'Write a list of documents.' }
  }
  return Array.isArray(value.items)
    ? {
        path: ['kind'],
        wrong: 'is a List, not a document',
        right: 'Write its items instead of it.',
      }
    : { path: ['items'], wrong: 'is not a list', right: 'Write a list of documents.' }
}

function unknownKind(kind: unknown): FieldProblem {
  const nearest = typeof kind === 'string' ? nearestName(kind, resourceKinds) : undefined
  return {
    path: ['kind'],
    wrong: kind === undefined ? 'is missing' : 'is not a known kind',
    right:
      nearest === undefined
        ? `Write one of ${resourceKinds.join(', ')}.`
        : `Did you mean ${nearest}?`,
  }
}
