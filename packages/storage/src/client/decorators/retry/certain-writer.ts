import type { ObjectWriter, StoredObject } from '../../../backend.ts'
import { KanneryError } from '../../../errors/kannery-error.ts'
import type { ObjectKey } from '../../../object-key.ts'
import { mayHaveLanded, uncertainAfter } from './certain-write.ts'
import { type Content, SampledContent } from './content.ts'
import { isRepeatable, type RetryDeadline } from './retry-deadline.ts'

/** What a writer needs to find out the outcome of its commit. */
export interface CertainWriterOptions {
  readonly key: ObjectKey
  /**
   * Deadline of the commit, and of the disposal without one. It starts again whenever a part of the
   * object was sent.
   */
  readonly deadline: RetryDeadline
  /** Makes the inner writer stop waiting. */
  readonly giveUp: (reason: unknown) => void
  /** Returns the stored object, or undefined if it has other content or does not exist. */
  readonly find: (written: Content) => Promise<StoredObject | undefined>
}

/**
 * Finds out whether a commit succeeded whose answer was lost. The commit is sent once. An object
 * with this key and the same content is ours. If there is none, it may still appear:
 * STORAGE_OUTCOME_UNKNOWN, and the caller writes under another key.
 */
export class CertainWriter implements ObjectWriter {
  readonly #inner: ObjectWriter
  readonly #options: CertainWriterOptions
  readonly #written = new SampledContent()

  constructor(inner: ObjectWriter, options: CertainWriterOptions) {
    this.#inner = inner
    this.#options = options
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#written.add(chunk)
    await this.#inner.write(chunk)
  }

  async commit(): Promise<StoredObject> {
    const { key, deadline, giveUp } = this.#options
    deadline.renew()
    try {
      return await deadline.attemptWhileItAdvances(async (signal) => {
        signal.addEventListener('abort', () => giveUp(signal.reason), { once: true })
        return await this.#inner.commit()
      })
    } catch (error) {
      if (!isRepeatable(error)) throw error
      if (!mayHaveLanded(error)) throw rewriteNeeded(key, error)
      return await this.#findOwn(error)
    }
  }

  /** Deletes the parts; those that cannot be deleted in time are left for `sweepUnfinished`. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { deadline } = this.#options
    deadline.renew()
    try {
      await deadline.attempt(() => this.#inner[Symbol.asyncDispose]())
    } catch (error) {
      if (!isRepeatable(error)) throw error
    }
  }

  async #findOwn(error: KanneryError): Promise<StoredObject> {
    const unknown = (cause: unknown): unknown =>
      uncertainAfter({ operation: 'commit', key: this.#options.key }, cause)
    let own: StoredObject | undefined
    try {
      own = await this.#options.find(this.#written)
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
