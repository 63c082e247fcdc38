import { isHarmlessName, isSecretName, isSecretText } from '../values/secret-text.ts'
import { type FieldPath, formatPath } from './problem.ts'

/** Paths of all fields that hold a secret instead of a reference to it. */
export function* secretsIn(value: unknown, path: FieldPath = []): Generator<FieldPath> {
  if (isFreeText(path)) return
  if (isSecret(value, path)) yield path
  for (const [name, item] of fieldsOf(value)) {
    const isSecretItself = typeof name === 'string' && isSecretText(name)
    if (isSecretItself || (name === 'value' && isNamedPair(value))) yield [...path, name]
    else yield* secretsIn(item, [...path, name])
  }
}

/** Whether a value at the path must not be repeated: it may be a secret in the wrong place. */
export function mayBeSecret(value: unknown, path: FieldPath): boolean {
  const isNearSecrets = path.some((step) => isNamedSecret(step) || step === 'sasl')
  const isText = typeof value === 'string' && (isSecretText(value) || /[@=]/.test(value))
  return isNearSecrets || path.at(-1) === 'environment' || isText
}

/**
 * Labels and annotations are for people and other programs. One of them is what `kubectl apply`
 * remembers of the whole document.
 */
function isFreeText([first, second]: FieldPath): boolean {
  return first === 'metadata' && (second === 'labels' || second === 'annotations')
}

/** Whether a value says the name of a secret and the secret: `{name: password, value: x}`. */
function isNamedPair(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('value' in value)) return false
  const isFilled =
    typeof value.value === 'string' ? value.value !== '' : typeof value.value === 'number'
  const names = ['name' in value && value.name, 'key' in value && value.key]
  return isFilled && names.some((name) => typeof name === 'string' && isSecretName(name))
}

function isSecret(value: unknown, path: FieldPath): boolean {
  if (typeof value === 'string') {
    const isOfOneself = oneself.includes(formatPath(path))
    if (isSecretText(value, { mayBeLogin: isOfOneself })) return true
  }
  if (value === '' || !['string', 'number'].includes(typeof value)) return false
  const depth = path.findLastIndex(isNamedSecret)
  return depth >= 0 && !saysWhereOrHow(path.slice(depth + 1))
}

/** Fields with the name of a person or a process: `app:prod@host` is one. */
const oneself: readonly string[] = ['spec.sasl.username', 'spec.lease.identity']

/** Whether a field within what is called a secret says where it is read from, or of what kind. */
function saysWhereOrHow(path: FieldPath): boolean {
  const field = path.at(-1)
  if (path.includes('secretKeyRef')) return true
  return typeof field === 'string' && isHarmlessName(field)
}

function isNamedSecret(step: string | number): boolean {
  return typeof step === 'string' && isSecretName(step)
}

function fieldsOf(value: unknown): Iterable<readonly [string | number, unknown]> {
  if (typeof value !== 'object' || value === null) return []
  return Array.isArray(value) ? value.entries() : Object.entries(value)
}
