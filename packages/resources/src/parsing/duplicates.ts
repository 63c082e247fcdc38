import type { FieldProblem } from './find-problems.ts'
import { keyOf } from './identity.ts'
import type { FoundDocument } from './read-text.ts'

const namePath = ['metadata', 'name']

/** Refuses each document whose kind, namespace and name an earlier one has. */
export function refuseDuplicates(documents: readonly FoundDocument[]): readonly FoundDocument[] {
  const earlier = new Map<string, FoundDocument>()
  return documents.map((document): FoundDocument => {
    const { identity } = document
    if (identity === undefined) return document
    const key = keyOf(identity)
    const first = earlier.get(key)
    if (first === undefined) {
      earlier.set(key, document)
      return document
    }
    const problems = [...document.problems, duplicateOf(first)]
    return { ...document, resource: undefined, problems }
  })
}

function duplicateOf(first: FoundDocument): FieldProblem {
  const line = first.placeOf(namePath)?.line
  const place = first.source === undefined ? `line ${line}` : `${first.source}:${line}`
  return {
    path: namePath,
    wrong: `another document of this kind has the same name (${place})`,
    right: 'Give each document of a kind its own name.',
  }
}
