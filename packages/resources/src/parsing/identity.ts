import { type ResourceKind, resourceKinds } from '../kinds/kinds.ts'
import { quote } from '../values/quote.ts'
import { isSecretText } from '../values/secret-text.ts'

/** What a document is called: no other document of its kind and namespace has the same name. */
export interface Identity {
  readonly kind: ResourceKind
  readonly namespace: string | undefined
  readonly name: string
}

/** The identity of a value that may be a wrong document; undefined if it has no kind or no name. */
export function identityOf(value: unknown): Identity | undefined {
  const { kind, name, namespace } = partsOf(value)
  if (!isKind(kind) || typeof name !== 'string') return undefined
  return { kind, name, namespace: typeof namespace === 'string' ? namespace : undefined }
}

/** The identity as one text, to look for. */
export function keyOf({ kind, namespace, name }: Identity): string {
  return JSON.stringify([kind, namespace, name])
}

/** The kind and name of a document, such as `Backup "nightly"`, as far as it has them. */
export function labelOf(value: unknown): string | undefined {
  const { kind, name } = partsOf(value)
  if (!isKind(kind)) return undefined
  return typeof name === 'string' && !isSecretText(name) ? `${kind} ${quote(name)}` : kind
}

export function isKind(kind: unknown): kind is ResourceKind {
  return typeof kind === 'string' && resourceKinds.some((known) => known === kind)
}

function partsOf(value: unknown): {
  readonly kind: unknown
  readonly name: unknown
  readonly namespace: unknown
} {
  const { kind, metadata } = fieldsOf(value)
  const { name, namespace } = fieldsOf(metadata)
  return { kind, name, namespace }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
