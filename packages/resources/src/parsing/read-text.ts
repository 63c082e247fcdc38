import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import type { Resource } from '../kinds/kinds.ts'
import { checkDocument } from './check-document.ts'
import { FieldPositions } from './field-positions.ts'
import type { FieldProblem } from './find-problems.ts'
import { type Identity, identityOf, labelOf } from './identity.ts'
import { type DocumentProblem, type FieldPath, formatPath } from './problem.ts'
import { repeatedKeyAt } from './repeated-keys.ts'
import { otherInYaml11, type TextError } from './yaml-versions.ts'

/** A text of documents, and where it is from. */
export interface DocumentText {
  readonly text: string
  /** File, or `stdin`, for errors. */
  readonly source?: string | undefined
}

interface LinePlace {
  readonly line: number
  readonly col: number
}

/** A document of a text, right or wrong. */
export interface FoundDocument {
  readonly source: string | undefined
  /** What problems call the document. */
  readonly label: string
  readonly identity: Identity | undefined
  /** The document itself, if it is right. */
  readonly resource: Resource | undefined
  readonly problems: readonly FieldProblem[]
  /** Where a field is, or the nearest part of the document around it; both from 1 on. */
  placeOf(path: FieldPath): LinePlace | undefined
}

/** A text of documents that people write is shorter. */
const longestBytes = 4 * 1024 * 1024

/** Finds the documents of a text, in their order. Empty documents are left out. */
export function readText({ text, source }: DocumentText): readonly FoundDocument[] {
  if (Buffer.byteLength(text) > longestBytes) {
    const wrong = 'is longer than 4 MiB'
    return [noDocument(source, { wrong, right: 'Put fewer documents into it.' })]
  }
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  })
  return parsed.flatMap((document, index) =>
    readDocument(document, { source, lines, number: index + 1 }),
  )
}

/** What stands for a text in which no documents are found. */
export function noDocument(
  source: string | undefined,
  problem: Omit<FieldProblem, 'path'>,
): FoundDocument {
  return {
    source,
    label: 'the text',
    identity: undefined,
    resource: undefined,
    problems: [{ path: [], ...problem }],
    placeOf: () => undefined,
  }
}

/** The problems of a document, in the order of its text. */
export function problemsOf(found: FoundDocument): readonly DocumentProblem[] {
  const { source, label } = found
  return found.problems
    .map((problem) => ({ problem, place: found.placeOf(problem.path) }))
    .toSorted(({ place: one = start }, { place: other = start }) => {
      return one.line - other.line || one.col - other.col
    })
    .map(({ problem: { path, wrong, right }, place }) => {
      return { source, line: place?.line, document: label, field: formatPath(path), wrong, right }
    })
}

const start: LinePlace = { line: 1, col: 1 }

interface TextPlace {
  readonly source: string | undefined
  readonly lines: LineCounter
  /** Of the document in its text, from 1 on. */
  readonly number: number
}

function readDocument(
  document: Document,
  { source, lines, number }: TextPlace,
): readonly FoundDocument[] {
  const positions = new FieldPositions(document)
  const common = { source, identity: undefined, resource: undefined, label: `document ${number}` }
  const error = errorOf(document)
  if (error !== undefined) return [wrongText(error)]
  const content = contentOf(document)
  if ('problem' in content) {
    const placeOf = (): LinePlace => lines.linePos(positions.of([]))
    return [{ ...common, problems: [content.problem], placeOf }]
  }
  if (content.value === null) return []
  const items = itemsOf(content.value)
  const found =
    items === undefined
      ? [readValue(content.value, [])]
      : items.map((item, index) => readValue(item, ['items', index]))
  const other = otherInYaml11(document)
  if (other === undefined) return found
  // What the document is called is known: others may refer to it.
  return [wrongText(other), ...found.map((each) => ({ ...each, resource: undefined }))]

  function wrongText({ wrong, right, at }: TextError): FoundDocument {
    const place = lines.linePos(at)
    return { ...common, problems: [{ path: [], wrong, right }], placeOf: () => place }
  }

  function readValue(value: unknown, root: FieldPath): FoundDocument {
    const checked = checkDocument(value)
    const inList = root.length === 0 ? '' : `, item ${Number(root[1]) + 1}`
    return {
      source,
      label: labelOf(value) ?? `document ${number}${inList}`,
      identity: identityOf(value),
      resource: 'resource' in checked ? checked.resource : undefined,
      problems: 'problems' in checked ? checked.problems : [],
      placeOf: (path) => lines.linePos(positions.of([...root, ...path])),
    }
  }
}

function errorOf(document: Document): TextError | undefined {
  const [error] = document.errors
  if (error === undefined) return repeatedKey(document)
  const at = error.pos[0]
  if (error.code === 'RESOURCE_EXHAUSTION') {
    return { wrong: 'is nested too deeply', right: 'Write fewer levels of lists and fields.', at }
  }
  // What the library says of an error repeats parts of the text: they may be secrets.
  return { ...notYaml(error.code.toLowerCase().replaceAll('_', ' ')), at }
}

function repeatedKey(document: Document): TextError | undefined {
  const at = repeatedKeyAt(document)
  return at === undefined ? undefined : { ...notYaml('duplicate key'), at }
}

function notYaml(what: string): Omit<TextError, 'at'> {
  const right = 'Correct the line; text with special characters is put in quotes.'
  return { wrong: `not YAML: ${what}`, right }
}

/** The documents of a list as Kubernetes has it; undefined for any other value. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, items } = value as Readonly<Record<string, unknown>>
  return kind === 'List' && Array.isArray(items) ? items : undefined
}

type Content = { readonly value: unknown } | { readonly problem: FieldProblem }

function contentOf(document: Document): Content {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown }
  } catch (error) {
    const right = 'Write the values themselves instead of anchors and aliases.'
    const wrong =
      error instanceof ReferenceError && error.message.startsWith('Unresolved alias')
        ? 'has an alias without an anchor before it'
        : 'has aliases that expand to too much'
    return { problem: { path: [], wrong, right } }
  }
}
