import { KanneryError } from '@kannery/storage'

/** A call of a storage or of its writer. */
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

/** A call as a rule sees it. */
export interface StorageCall {
  readonly operation: CalledOperation
  /** Key or prefix of the call; empty for `deleteMany`. */
  readonly key: string
  /** 1 for the first call of this operation on this handle. */
  readonly nth: number
}

/** What goes wrong with a call. */
export type Fault =
  /** The request does not arrive. */
  | { readonly kind: 'fail'; readonly error?: Error | undefined }
  /** The request is applied; its answer does not come back. */
  | { readonly kind: 'lose-answer' }
  /** The request arrives later; the caller waits for it. Others come in between. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The caller gets an error at once; the request arrives nevertheless, later. */
  | { readonly kind: 'arrive-late'; readonly milliseconds: number }
  /** The request is applied at once; the answer takes its time. */
  | { readonly kind: 'answer-late'; readonly milliseconds: number }
  /**
   * The request arrives twice, as through a proxy that resends. The caller sees one of the answers.
   */
  | { readonly kind: 'repeat'; readonly answer: 'first' | 'second' }
  /** No answer, ever, until the caller gives up: a process that asks so is as good as dead. */
  | { readonly kind: 'hang'; readonly applied: boolean }
  /** A body or a listing ends early: with an error, or as if that were all. */
  | { readonly kind: 'truncate'; readonly after: number; readonly end: 'error' | 'silent' }
  | { readonly kind: 'throttle'; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'deny' }

/** Decides what happens to a call. */
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
