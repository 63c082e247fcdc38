import { KanneryError } from './errors/kannery-error.ts'

/**
 * Name of an object: segments separated by `/`, relative to the root of the storage. Only
 * {@link objectKey} makes one.
 */
export type ObjectKey = string & { readonly __objectKey: unique symbol }

/**
 * Name of a folder: it ends in `/`, or is empty for the root. It is never a part of a segment.
 */
export type KeyPrefix = string & { readonly __keyPrefix: unique symbol }

/** S3, GCS and Azure Blob take at least 1,024 bytes of UTF-8. */
const maxKeyBytes = 1024

/**
 * Checks a key. A segment that starts with a dot is refused because the volume backend keeps files
 * of its own there and other tools hide it; control characters and backslashes are refused because
 * some store or shell misreads them.
 *
 * @throws CONFIG_INVALID naming the key and the reason
 */
export function objectKey(text: string): ObjectKey {
  const reason = reasonAgainst(text)
  if (reason !== undefined) throw invalid(text, reason)
  return text as ObjectKey
}

/** Checks a prefix; the empty one is the root. @throws CONFIG_INVALID */
export function keyPrefix(text: string): KeyPrefix {
  if (text === '') return text as KeyPrefix
  if (!text.endsWith('/')) throw invalid(text, 'a prefix ends in "/"')
  objectKey(text.slice(0, -1))
  return text as KeyPrefix
}

/** Whether {@link objectKey} accepts `text`. */
export function isObjectKey(text: string): text is ObjectKey {
  return reasonAgainst(text) === undefined
}

/** Whether {@link keyPrefix} accepts `text`. */
export function isKeyPrefix(text: string): text is KeyPrefix {
  return text === '' || (text.endsWith('/') && isObjectKey(text.slice(0, -1)))
}

/**
 * Compares keys in the order in which stores list them, by UTF-8 bytes. The operator `<` differs:
 * it puts surrogates before `\uffff`.
 */
export function compareKeys(first: string, second: string): number {
  const common = Math.min(first.length, second.length)
  for (let index = 0; index < common; index++) {
    const [a, b] = [first.charCodeAt(index), second.charCodeAt(index)]
    if (a !== b) return rank(a) - rank(b)
  }
  return first.length - second.length
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function reasonAgainst(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (Buffer.byteLength(text) > maxKeyBytes) return `it is longer than ${maxKeyBytes} bytes`
  if (/\p{Cc}|\\/u.test(text)) return 'it has a control character or a backslash'
  if (!text.isWellFormed()) return 'it is not well-formed Unicode'
  for (const segment of text.split('/')) {
    if (segment === '') return 'it has an empty segment'
    if (segment.startsWith('.')) return 'a segment starts with a dot'
  }
  return undefined
}

function invalid(text: string, why: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `not an object key: ${JSON.stringify(text)}`, { why })
}
