import type { Resource } from './kinds/kinds.ts'
import { whatADocumentIs } from './parsing/check-document.ts'
import { refuseDuplicates } from './parsing/duplicates.ts'
import type { DocumentProblem } from './parsing/problem.ts'
import {
  type DocumentText,
  type FoundDocument,
  noDocument,
  problemsOf,
  readText,
} from './parsing/read-text.ts'
import { danglingReferences, isJobDocument, knownNames } from './references.ts'

/** A document, and the text that it was read from. */
export interface SourcedDocument {
  readonly source: string | undefined
  readonly document: Resource
}

/** What texts hold together: the documents that are right, and the problems of the others. */
export interface ReadTexts {
  readonly documents: readonly SourcedDocument[]
  /** In the order of the texts. */
  readonly problems: readonly DocumentProblem[]
}

/**
 * Reads texts whose documents belong together, such as the files of one command: each text has a
 * document, no two documents of a kind have the same name, and each Backup and Restore refers to
 * documents of these texts. {@link jobsOf} takes the documents if there are no problems.
 */
export function readTexts(texts: readonly DocumentText[]): ReadTexts {
  const found = refuseDangling(refuseDuplicates(texts.flatMap(readFilledText)))
  return {
    documents: found.flatMap(({ source, resource }) =>
      resource === undefined ? [] : [{ source, document: resource }],
    ),
    problems: found.flatMap(problemsOf),
  }
}

function readFilledText(text: DocumentText): readonly FoundDocument[] {
  const found = readText(text)
  if (found.length > 0) return found
  return [noDocument(text.source, { wrong: 'holds no document', right: whatADocumentIs })]
}

/** A reference to a document that is there and wrong is no problem of its own. */
function refuseDangling(documents: readonly FoundDocument[]): readonly FoundDocument[] {
  const names = knownNames(documents.flatMap(({ identity }) => identity ?? []))
  return documents.map((document) => {
    const { resource } = document
    if (resource === undefined || !isJobDocument(resource)) return document
    const problems = danglingReferences(resource, names)
    return problems.length === 0 ? document : { ...document, resource: undefined, problems }
  })
}
