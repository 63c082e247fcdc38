import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { type Resource, type ResourceKind, resourceKinds, schemas } from '../kinds/kinds.ts'
import { type FieldProblem, findProblems } from './find-problems.ts'
import { nearestName } from './nearest-name.ts'
import { type DocumentProblem, type FieldPath, formatPath, invalidDocuments } from './problem.ts'

/** What a text holds: the documents that are right, and the problems of the others. */
export interface ReadDocuments {
  readonly documents: readonly Resource[]
  /** In the order of the text. */
  readonly problems: readonly DocumentProblem[]
}

/** More is no document that a person wrote. */
const longestText = 4 * 1024 * 1024

/**
 * Checks one document, already read from YAML or JSON or made by a program.
 *
 * @throws CONFIG_INVALID naming each field that is wrong, what is wrong with it and what is right
 */
export function parseDocument(value: unknown): Resource {
  const checked = check(value)
  if ('resource' in checked) return checked.resource
  const document = nameOf(value) ?? 'the document'
  throw invalidDocuments(
    checked.problems.map(({ path, wrong, right }) => ({
      source: undefined,
      line: undefined,
      document,
      field: formatPath(path),
      wrong,
      right,
    })),
  )
}

/**
 * Reads YAML of any number of documents, with `---` between them, or JSON.
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
  if (text.length > longestText) return { documents: [], problems: [tooLong(source)] }
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents: Resource[] = []
  const problems: DocumentProblem[] = []
  for (const [index, document] of parsed.entries()) {
    const read = readOne(document, documents)
    if (read === 'empty') continue
    if ('resource' in read) documents.push(read.resource)
    else {
      const placed = read.problems.map((problem) => ({
        ...problem,
        at: problem.at ?? positionOf(document, problem.path) ?? 0,
      }))
      problems.push(
        ...placed
          .toSorted((one, other) => one.at - other.at)
          .map(({ path, wrong, right, at }) => ({
            source,
            line: lines.linePos(at).line,
            document: read.name ?? `document ${index + 1}`,
            field: formatPath(path),
            wrong,
            right,
          })),
      )
    }
  }
  return { documents, problems }
}

interface PlacedProblem extends FieldProblem {
  /** Position in the text, where the path does not lead to it. */
  readonly at?: number
}

type ReadOne =
  | 'empty'
  | { readonly resource: Resource }
  | { readonly name: string | undefined; readonly problems: readonly PlacedProblem[] }

function readOne(document: Document, earlier: readonly Resource[]): ReadOne {
  // What the library says of an error repeats parts of the text: they may be secrets.
  const [error] = document.errors
  if (error !== undefined) {
    const wrong = `not YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`
    const right = 'Correct the line; text with special characters is put in quotes.'
    return { name: undefined, problems: [{ path: [], wrong, right, at: error.pos[0] }] }
  }
  const value = contentOf(document)
  if (value === null) return 'empty'
  const checked = check(value)
  const name = nameOf(value)
  if (!('resource' in checked)) return { name, problems: checked.problems }
  return earlier.some(
    (other) => nameOf(other) === name && isOfSameNamespace(other, checked.resource),
  )
    ? { name, problems: [{ path: ['metadata', 'name'], ...duplicate }] }
    : checked
}

const duplicate = {
  wrong: 'another document of this kind has the same name',
  right: 'Give each document of a kind its own name.',
}

/** Aliases that expand to more than a document may hold become a value that no kind has. */
function contentOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch {
    return '…'
  }
}

type Checked = { readonly resource: Resource } | { readonly problems: readonly FieldProblem[] }

function check(value: unknown): Checked {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problems: [{ path: [], wrong: 'is not a document', right: whatADocumentIs }] }
  }
  const kind = (value as { readonly kind?: unknown }).kind
  if (!isKind(kind)) return { problems: [unknownKind(kind)] }
  const schema = schemas[kind]
  const result = schema.safeParse(value)
  const problems = findProblems(schema, value, result.error?.issues ?? [])
  return result.data !== undefined && problems.length === 0
    ? { resource: result.data }
    : { problems }
}

const whatADocumentIs = 'Write apiVersion, kind, metadata and spec.'

function isKind(kind: unknown): kind is ResourceKind {
  return typeof kind === 'string' && resourceKinds.some((known) => known === kind)
}

function unknownKind(kind: unknown): FieldProblem {
  const nearest = typeof kind === 'string' ? nearestName(kind, resourceKinds) : undefined
  return {
    path: ['kind'],
    wrong: kind === undefined ? 'is missing' : 'is not a known kind',
    right:
      nearest === undefined ? `Write one of ${resourceKinds.join(', ')}.` : `Is ${nearest} meant?`,
  }
}

/** The kind and name of a document, as far as it has them. */
function nameOf(value: unknown): string | undefined {
  const { kind, metadata } = value as {
    readonly kind?: unknown
    readonly metadata?: { readonly name?: unknown } | null
  }
  if (!isKind(kind)) return undefined
  const name = metadata?.name
  return typeof name === 'string' ? `${kind} ${JSON.stringify(name)}` : kind
}

function isOfSameNamespace(one: Resource, other: Resource): boolean {
  return one.metadata.namespace === other.metadata.namespace
}

/** Where in the text the field is, or the nearest part of the document around it. */
function positionOf(document: Document, path: FieldPath): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown =
      length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (typeof node !== 'object' || node === null || !('range' in node)) continue
    if (Array.isArray(node.range)) return Number(node.range[0])
  }
  return undefined
}

function tooLong(source: string | undefined): DocumentProblem {
  return {
    source,
    line: undefined,
    document: 'the text',
    field: '',
    wrong: 'is longer than 4 MiB',
    right: 'Put fewer documents into it.',
  }
}
