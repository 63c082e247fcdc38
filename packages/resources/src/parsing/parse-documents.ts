import type { Resource } from '../kinds/kinds.ts'
import { checkDocument } from './check-document.ts'
import { refuseDuplicates } from './duplicates.ts'
import type { FieldProblem } from './find-problems.ts'
import { labelOf } from './identity.ts'
import { type DocumentProblem, formatPath, invalidDocuments } from './problem.ts'
import { problemsOf, readText } from './read-text.ts'

/** What a text holds: the documents that are right, and the problems of the others. */
export interface ReadDocuments {
  readonly documents: readonly Resource[]
  /** In the order of the text. */
  readonly problems: readonly DocumentProblem[]
}

/**
 * Checks one document, already read from YAML or JSON or made by a program.
 *
 * @throws CONFIG_INVALID naming each field that is wrong, what is wrong with it and what is right
 */
export function parseDocument(value: unknown): Resource {
  const checked = checkDocument(value)
  if ('resource' in checked) return checked.resource
  throw invalidDocuments(withoutText(checked.problems, value))
}

/** Checks as {@link parseDocument}, and returns the problems instead of throwing them. */
export function readDocument(value: unknown): ReadDocuments {
  const checked = checkDocument(value)
  return 'resource' in checked
    ? { documents: [checked.resource], problems: [] }
    : { documents: [], problems: withoutText(checked.problems, value) }
}

/** The problems of a document that was read from no text. */
function withoutText(
  problems: readonly FieldProblem[],
  value: unknown,
): readonly DocumentProblem[] {
  const document = labelOf(value) ?? 'the document'
  return problems.map(({ path, wrong, right }) => ({
    source: undefined,
    line: undefined,
    document,
    field: formatPath(path),
    wrong,
    right,
  }))
}

/**
 * Reads YAML of any number of documents, with `---` between them, or JSON. A `List` of Kubernetes
 * stands for the documents that are its items.
 *
 * @param source the file's name, for errors
 * @throws CONFIG_INVALID with the problems of all documents
 */
export function parseDocuments(text: string, source?: string): readonly Resource[] {
  const { documents, problems } = readDocuments(text, source)
  if (problems.length > 0) throw invalidDocuments(problems)
  return documents
}

/** Reads as {@link parseDocuments}, and returns the problems instead of throwing them. */
export function readDocuments(text: string, source?: string): ReadDocuments {
  const found = refuseDuplicates(readText({ text, source }))
  return {
    documents: found.flatMap(({ resource }) => (resource === undefined ? [] : [resource])),
    problems: found.flatMap(problemsOf),
  }
}
