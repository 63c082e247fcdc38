import type { GetOptions, StorageBackend, StoredObject } from '../backend.ts'
import { spanOf } from '../byte-span.ts'
import { KanneryError } from '../errors/kannery-error.ts'
import type { ObjectKey } from '../object-key.ts'

/** Options of {@link readObject}. */
export interface ReadObjectOptions extends GetOptions {
  /**
   * Largest number of bytes to read: a larger object or range is refused with DATA_CORRUPT before
   * any of it is read. Defaults to no limit.
   */
  readonly maxBytes?: number | undefined
}

/** An object, or a range of it, in memory. */
export interface ReadObject {
  /** The whole object, also when only a range of it was read. */
  readonly info: StoredObject
  /** The bytes of the object, or of the range that was asked for. */
  readonly bytes: Uint8Array
}

/**
 * Reads an object, or a range of it, into one buffer. Returns undefined if there is no such object.
 *
 * @throws DATA_CORRUPT when it is larger than `maxBytes`; INTERNAL when the storage sends another
 *   number of bytes than it announced; what {@link StorageBackend.get} throws except
 *   STORAGE_NOT_FOUND
 */
export async function readObject(
  storage: StorageBackend,
  key: ObjectKey,
  options: ReadObjectOptions = {},
): Promise<ReadObject | undefined> {
  const { maxBytes = Number.POSITIVE_INFINITY, ...getOptions } = options
  try {
    await using reader = await storage.get(key, getOptions)
    const { info } = reader
    const span = spanOf(options.range, info.size)
    const length = span.end - span.start
    if (length > maxBytes) throw tooLarge(key, length, maxBytes)
    return { info, bytes: await collect(reader.body, length, key) }
  } catch (error) {
    if (KanneryError.is(error, 'STORAGE_NOT_FOUND')) return undefined
    throw error
  }
}

async function collect(
  body: AsyncIterable<Uint8Array>,
  length: number,
  key: ObjectKey,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let position = 0
  for await (const chunk of body) {
    if (position + chunk.byteLength > length) throw otherLength(key, length)
    bytes.set(chunk, position)
    position += chunk.byteLength
  }
  if (position < length) throw otherLength(key, length)
  return bytes
}

function tooLarge(key: ObjectKey, size: number, maxBytes: number): KanneryError {
  return new KanneryError('DATA_CORRUPT', `larger than it can be: ${key}`, {
    why: `it has ${size} bytes, and at most ${maxBytes} are expected`,
    facts: { key, size, maxBytes },
  })
}

/** The backend breaks its contract, so retries do not help. */
function otherLength(key: ObjectKey, expected: number): KanneryError {
  return new KanneryError('INTERNAL', `the storage sent more or less of it than it said: ${key}`, {
    facts: { key, expected },
  })
}
