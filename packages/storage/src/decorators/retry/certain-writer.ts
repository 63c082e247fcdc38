import type { ObjectWriter, StoredObject } from '../../backend.ts'
import { KanneryError } from '../../errors.ts'
import type { ObjectKey } from '../../object-key.ts'
import { mayHaveLanded, outcomeUnknown } from './certain-write.ts'
import { type Content, SampledContent } from './content.ts'
import { isRepeatable } from './patience.ts'

/**
 * A commit is asked for once. When its answer is lost the object is looked at: what is there under that key with the same content
 * is ours. When nothing is there it may still come: STORAGE_OUTCOME_UNKNOWN, and the caller takes another key.
 */
export class CertainWriter implements ObjectWriter {
  readonly #inner: ObjectWriter
  readonly #key: ObjectKey
  readonly #written = new SampledContent()
  readonly #find: (written: Content) => Promise<StoredObject | undefined>

  constructor(
    inner: ObjectWriter,
    key: ObjectKey,
    find: (written: Content) => Promise<StoredObject | undefined>,
  ) {
    this.#inner = inner
    this.#key = key
    this.#find = find
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#written.add(chunk)
    await this.#inner.write(chunk)
  }

  async commit(): Promise<StoredObject> {
    try {
      return await this.#inner.commit()
    } catch (error) {
      if (!isRepeatable(error)) throw error
      if (!mayHaveLanded(error)) throw rewriteNeeded(this.#key, error)
      return await this.#findOwn(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  async #findOwn(error: KanneryError): Promise<StoredObject> {
    const unknown = (cause: unknown): KanneryError =>
      outcomeUnknown({ operation: 'commit', key: this.#key }, cause)
    let own: StoredObject | undefined
    try {
      own = await this.#find(this.#written)
    } catch (cause) {
      throw KanneryError.is(cause) ? unknown(cause) : cause
    }
    if (own === undefined) throw unknown(error)
    return own
  }
}

function rewriteNeeded(key: ObjectKey, cause: KanneryError): KanneryError {
  return new KanneryError('STORAGE_REWRITE_NEEDED', `nothing was stored: ${key}`, {
    cause,
    retry: 'after-refresh',
    why: cause.message,
    facts: { ...cause.facts, operation: 'commit', key },
  })
}
