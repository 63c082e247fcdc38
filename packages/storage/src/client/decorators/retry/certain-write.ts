import { KanneryError } from '../../../errors/kannery-error.ts'
import { isConflict } from '../../../errors/predicates.ts'
import type { ObjectKey } from '../../../object-key.ts'
import { type Attempt, isRepeatable, type RetryDeadline } from './retry-deadline.ts'

/** A write whose outcome has to become known. */
export interface CertainWrite<T> {
  readonly operation: 'put' | 'delete'
  readonly key: ObjectKey
  readonly deadline: RetryDeadline
  /** Sends the write: the same bytes with the same condition each time. */
  readonly attempt: Attempt<T>
  /**
   * Returns the stored object if an earlier attempt wrote it, or undefined if none did or that
   * cannot be known.
   */
  readonly recognise: () => Promise<T | undefined>
}

/**
 * Implements rule U. After an answer that does not say whether a write was applied, the same
 * request is sent until an answer is definite. "Exists" or "changed meanwhile" may then be caused
 * by an earlier attempt: the stored object is compared.
 *
 * @throws STORAGE_OUTCOME_UNKNOWN after the deadline; nothing is deleted, because the object may be
 *   ours and others may rely on it
 */
export async function writeCertainly<T>(write: CertainWrite<T>): Promise<T> {
  let resent = false
  let uncertain = false
  const giveUp = (error: unknown): unknown => (uncertain ? uncertainAfter(write, error) : error)
  for (;;) {
    try {
      return await write.deadline.attempt(write.attempt)
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      if (resent && isConflict(error)) return await recogniseOr(error, write, giveUp)
      if (!isRepeatable(error)) throw giveUp(error)
      uncertain ||= mayHaveLanded(error)
      resent = true
      try {
        await write.deadline.pauseAfter(error)
      } catch (last) {
        throw KanneryError.is(last) ? giveUp(last) : last
      }
    }
  }
}

/** Returns whether a write that failed with `error` may have been applied nevertheless. */
export function mayHaveLanded(error: KanneryError): boolean {
  const { sent } = error.facts
  return isRepeatable(error) && error.code !== 'STORAGE_THROTTLED' && sent !== false
}

/**
 * Returns the error of a write whose outcome remains unknown. If the object exists but is not
 * durable, that is a definite answer.
 */
export function uncertainAfter(
  write: { readonly operation: string; readonly key: ObjectKey },
  cause: unknown,
): unknown {
  return KanneryError.is(cause, 'STORAGE_NOT_DURABLE') ? cause : outcomeUnknown(write, cause)
}

function outcomeUnknown(
  write: { readonly operation: string; readonly key: ObjectKey },
  cause: unknown,
): KanneryError {
  const { operation, key } = write
  return new KanneryError(
    'STORAGE_OUTCOME_UNKNOWN',
    `it is not known whether this was stored: ${key}`,
    {
      cause,
      retry: 'after-refresh',
      why: `the last answer was: ${cause instanceof Error ? cause.message : String(cause)}`,
      facts: { ...(KanneryError.is(cause) ? cause.facts : {}), operation, key },
    },
  )
}

async function recogniseOr<T>(
  conflict: KanneryError,
  write: CertainWrite<T>,
  giveUp: (error: unknown) => unknown,
): Promise<T> {
  let own: T | undefined
  try {
    own = await write.recognise()
  } catch (error) {
    throw KanneryError.is(error) ? giveUp(error) : error
  }
  // Another object exists now. Even if an earlier attempt wrote ours in between, it was replaced.
  if (own === undefined) throw conflict
  return own
}
