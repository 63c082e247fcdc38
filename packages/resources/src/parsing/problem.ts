import { KanneryError } from '@kannery/storage'
import { quote } from '../values/quote.ts'
import { isSecretText } from '../values/secret-text.ts'

/** One thing that is wrong with a document. It never repeats a secret. */
export interface DocumentProblem {
  /** File, or `stdin`, that the document was read from, where that is known. */
  readonly source: string | undefined
  /** Line of the field in that file, from 1 on, where that is known. */
  readonly line: number | undefined
  /** The document: its kind and name, such as `Backup "nightly"`, or its number. */
  readonly document: string
  /** Path of the field, such as `spec.topics[0].source`; empty for the whole document. */
  readonly field: string
  readonly wrong: string
  readonly right: string
}

export type FieldPath = readonly (string | number)[]

/** A path as people write it: `spec.topics[0].source`. */
export function formatPath(path: FieldPath): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      const name = /^[\w-]{1,80}$/.test(step) ? step : quote(isSecretText(step) ? '…' : step)
      return index === 0 ? name : `.${name}`
    })
    .join('')
}

/** The problem in one line. */
export function formatProblem(problem: DocumentProblem): string {
  const { source, line, document, field, wrong, right } = problem
  const place = source === undefined ? '' : `${source}${line === undefined ? '' : `:${line}`}: `
  return `${place}${document}: ${field === '' ? '' : `${field}: `}${wrong}. ${right}`
}

/** The problems of one or more documents, as one error. */
export function invalidDocuments(problems: readonly DocumentProblem[]): KanneryError {
  const [first, ...others] = problems
  if (first === undefined || others.length > 0) {
    return new KanneryError('CONFIG_INVALID', `the documents have ${problems.length} problems`, {
      why: problems.map(formatProblem).join('\n'),
      remedy: 'Correct each of them.',
      facts: { problems: problems.length },
    })
  }
  const { document, field, wrong, right, source, line } = first
  const message = `${document}: ${field === '' ? '' : `${field}: `}${wrong}`
  return new KanneryError('CONFIG_INVALID', message, {
    remedy: right,
    facts: { document, field, source, line },
  })
}
