import { stringify } from 'yaml'
import type { ResourceDocument } from './kinds/kinds.ts'

/**
 * Documents as YAML, with `---` between them. Fields that are undefined are left out. Text that
 * YAML 1.1 takes for something else, such as `on` or `1:30`, is in quotes, so that kubectl reads
 * what {@link parseDocuments} reads.
 */
export function formatDocuments(documents: readonly ResourceDocument[]): string {
  const options = {
    lineWidth: 0,
    blockQuote: false,
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  } as const
  return documents.map((document) => stringify(document, options)).join('---\n')
}

/** Documents as Kubernetes lists them, for output as JSON. */
export interface DocumentList {
  readonly apiVersion: 'v1'
  readonly kind: 'List'
  readonly items: readonly ResourceDocument[]
}

/** Documents as the list that {@link parseDocuments} and kubectl read. */
export function listOf(documents: readonly ResourceDocument[]): DocumentList {
  return { apiVersion: 'v1', kind: 'List', items: documents }
}
