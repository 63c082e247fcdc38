import { KanneryError } from '../../../errors/kannery-error.ts'
import { isConflict } from '../../../errors/predicates.ts'
import type { ObjectKey } from '../../../object-key.ts'
import { type Attempt, isRepeatable, type RetryDeadline } from './retry-deadline.ts'

export interface CertainWrite<T> {
  readonly operation: 'put' | 'delete'
  readonly key: ObjectKey
  readonly deadline: RetryDeadline
  /** The same bytes with the same condition, each time. */
  readonly attempt: Attempt<T>
  /**
   * Looks whether what is there now is what an earlier attempt wrote; undefined when it is not, or
   * cannot be told.
   */
  readonly recognise: () => Promise<T | undefined>
}

/**
 * Rule U. After an answer that leaves it open whether a write was applied, the same request is sent
 * until an answer is definite. "Exists" or "changed meanwhile" may then be the echo of our own
 * write: it is looked at.
 *
 * @throws STORAGE_OUTCOME_UNKNOWN past the deadline; nothing is deleted then, as it may be ours and
 *   others may rely on it.
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

/** Whether a write that failed so may be applied nevertheless. */
export function mayHaveLanded(error: KanneryError): boolean {
  const { sent } = error.facts
  return isRepeatable(error) && error.code !== 'STORAGE_THROTTLED' && sent !== false
}

/**
 * How a write ends whose outcome nothing after it could settle. That it is there but not durable is
 * a definite answer.
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
  // Something else is there now. An earlier attempt of ours may have been there in between; either
  // way it is not what counts.
  if (own === undefined) throw conflict
  return own
}
