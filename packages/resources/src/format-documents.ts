import { stringify } from 'yaml'
import type { ResourceDocument } from './kinds/kinds.ts'

/** Documents as YAML, with `---` between them. Fields that are undefined are left out. */
export function formatDocuments(documents: readonly ResourceDocument[]): string {
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n')
}
