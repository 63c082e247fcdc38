import { KanneryError } from './errors/kannery-error.ts'

/**
 * Name of an object: segments separated by `/`, relative to the root of the storage, such as
 * `orders/index`. It has at most 1,024 bytes of UTF-8. {@link objectKey} checks a text and returns
 * it as a key.
 */
export type ObjectKey = string & { readonly __objectKey: unique symbol }

/**
 * Name of a folder: it ends in `/`, such as `orders/`, or is empty for the root. It always consists
 * of whole segments of a key. {@link keyPrefix} checks a text and returns it as a prefix.
 */
export type KeyPrefix = string & { readonly __keyPrefix: unique symbol }

/**
 * Longest key that S3, Google Cloud Storage and Azure Blob Storage all take, in bytes of UTF-8.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 * https://cloud.google.com/storage/docs/objects#naming
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
 */
const maxKeyBytes = 1024

/**
 * Returns `text` as the key of an object, if it can be one. Refused are an empty text or segment,
 * more than 1,024 bytes of UTF-8, and text that is not well-formed Unicode; a segment that starts
 * with a dot, because the volume backend keeps files of its own there and other tools hide it; and
 * control characters and backslashes, because some stores and shells misread them.
 *
 * @throws CONFIG_INVALID naming the key and the reason
 */
export function objectKey(text: string): ObjectKey {
  const reason = reasonAgainst(text)
  if (reason !== undefined) throw invalid(text, reason)
  return text as ObjectKey
}

/**
 * Returns `text` as a prefix, if it can be one: it is empty for the root, or a key followed by `/`.
 *
 * @throws CONFIG_INVALID naming the prefix and the reason
 */
export function keyPrefix(text: string): KeyPrefix {
  if (text === '') return text as KeyPrefix
  if (!text.endsWith('/')) throw invalid(text, 'a prefix ends in "/"')
  objectKey(text.slice(0, -1))
  return text as KeyPrefix
}

/** Returns whether {@link objectKey} accepts `text`. */
export function isObjectKey(text: string): text is ObjectKey {
  return reasonAgainst(text) === undefined
}

/** Returns whether {@link keyPrefix} accepts `text`. */
export function isKeyPrefix(text: string): text is KeyPrefix {
  return text === '' || (text.endsWith('/') && isObjectKey(text.slice(0, -1)))
}

/**
 * Compares two keys by their UTF-8 bytes, the order in which stores list them. Returns a negative
 * number if `first` comes before `second`, 0 if they are equal, and a positive number otherwise, as
 * `Array.sort` takes it. The operator `<` differs: it puts surrogates before `\uffff`.
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
