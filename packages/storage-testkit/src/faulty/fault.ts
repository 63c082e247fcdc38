import { KanneryError } from '@kannery/storage'

/** Name of a call of a storage, or of a call of its writer (`write`, `commit`). */
export type CalledOperation =
  | 'head'
  | 'get'
  | 'put'
  | 'openWriter'
  | 'write'
  | 'commit'
  | 'list'
  | 'delete'
  | 'deleteMany'
  | 'sweepUnfinished'

/** A call of a storage, as a {@link FaultRule} sees it. */
export interface StorageCall {
  readonly operation: CalledOperation
  /** Key or prefix of the call. It is empty for `deleteMany`. */
  readonly key: string
  /** Position among the calls of this operation on this handle, counted from 1. */
  readonly nth: number
}

/** What goes wrong with a call. */
export type Fault =
  /**
   * The request does not arrive, and the call fails with `error`. It defaults to
   * STORAGE_UNAVAILABLE with the retry `same-request`.
   */
  | { readonly kind: 'fail'; readonly error?: Error | undefined }
  /** The request is applied, but its answer is lost: the call fails with STORAGE_UNAVAILABLE. */
  | { readonly kind: 'lose-answer' }
  /** The request arrives later, and the caller waits. Other requests may arrive in between. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The call fails with STORAGE_UNAVAILABLE at once, but the request arrives later. */
  | { readonly kind: 'arrive-late'; readonly milliseconds: number }
  /** The request is applied at once, and its answer arrives later. */
  | { readonly kind: 'answer-late'; readonly milliseconds: number }
  /**
   * The request arrives twice, as through a proxy that resends it. The caller gets the first or the
   * second answer.
   */
  | { readonly kind: 'repeat'; readonly answer: 'first' | 'second' }
  /**
   * No answer arrives until the caller aborts the call by its signal. `applied` says whether the
   * request is applied.
   */
  | { readonly kind: 'hang'; readonly applied: boolean }
  /**
   * A body ends after a number of bytes, or a listing after a number of entries: with
   * STORAGE_UNAVAILABLE (`error`), or as if that were all (`silent`). Other calls are not affected.
   */
  | { readonly kind: 'truncate'; readonly after: number; readonly end: 'error' | 'silent' }
  /**
   * The call fails with STORAGE_THROTTLED, and nothing is applied. `retryAfterMs` is the pause in
   * milliseconds that the storage asks for. It defaults to none.
   */
  | { readonly kind: 'throttle'; readonly retryAfterMs?: number | undefined }
  /**
   * The call fails with STORAGE_DENIED, and nothing is applied. Of `deleteMany`, each key fails.
   */
  | { readonly kind: 'deny' }

/** Returns the fault that a call is to have, or undefined if the rule names none for it. */
export type FaultRule = (call: StorageCall) => Fault | undefined

export function unavailable(call: StorageCall): KanneryError {
  return new KanneryError('STORAGE_UNAVAILABLE', `no answer to ${call.operation} ${call.key}`, {
    retry: 'same-request',
    facts: { backend: 'faulty', ...call },
  })
}

export function throttled(call: StorageCall, retryAfterMs: number | undefined): KanneryError {
  return new KanneryError('STORAGE_THROTTLED', `too many requests: ${call.operation}`, {
    retry: 'same-request',
    facts: { backend: 'faulty', ...call, retryAfterMs },
  })
}

export function denied(call: StorageCall): KanneryError {
  return new KanneryError('STORAGE_DENIED', `no permission: ${call.operation} ${call.key}`, {
    facts: { backend: 'faulty', ...call },
  })
}
