import { isSecretName, isSecretText } from '../values/secret-reference.ts'
import type { FieldPath } from './problem.ts'

/** Paths of all fields that hold a secret instead of a reference to it. */
export function* secretsIn(value: unknown, path: FieldPath = []): Generator<FieldPath> {
  if (isSecret(value, path)) yield path
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* secretsIn(item, [...path, index])
  } else {
    for (const [name, item] of Object.entries(value)) yield* secretsIn(item, [...path, name])
  }
}

/** Whether a value at the path must not be repeated: it may be a secret in the wrong place. */
export function mayBeSecret(value: unknown, path: FieldPath): boolean {
  const isNamedSo = path.some((step) => typeof step === 'string' && isSecretName(step))
  return isNamedSo || path.at(-1) === 'environment' || isSecret(value, path)
}

function isSecret(value: unknown, path: FieldPath): boolean {
  if (typeof value === 'string' && isSecretText(value)) return true
  const field = path.findLast((step) => typeof step === 'string')
  return field !== undefined && isSecretName(field) && ['string', 'number'].includes(typeof value)
}
