import type { ErrorCode } from '../../errors/error-codes.ts'

/**
 * Name of an attempt that is observed: a call of the storage, or a step of its writer. `part` is a
 * request with a part of a streamed object, and `commit` the one that publishes it.
 */
export type StorageOperation =
  | 'head'
  | 'get'
  | 'put'
  | 'openWriter'
  | 'part'
  | 'commit'
  | 'list'
  | 'delete'
  | 'deleteMany'
  | 'sweepUnfinished'

/** One attempt of a call that has ended. A call that is retried has several. */
export interface StorageAttempt {
  readonly operation: StorageOperation
  /** Key or prefix of the call; empty for `deleteMany`. */
  readonly key: string
  /**
   * Time in milliseconds that was spent waiting for the storage, without what the caller did in
   * between.
   */
  readonly durationMs: number
  /**
   * Number of bytes of the object in the request, also if it failed. Bytes of a streamed object
   * count in its parts, and in the commit if there were none.
   */
  readonly requestBytes: number
  /** Number of bytes of the object that were read; 0 for everything but `get`. */
  readonly responseBytes: number
  /**
   * Code of the error; absent on success. It is `INTERNAL` for errors that are no `KanneryError`,
   * such as the reason of an aborted call.
   */
  readonly error?: ErrorCode | undefined
  /** Reason that the error gives, for people; absent if it gives none. */
  readonly why?: string | undefined
}

/** Receives the attempts of a storage, for metrics and logs. */
export interface StorageObserver {
  /**
   * Receives an attempt when it has ended: a `get` ends with its body, a `list` with its last
   * entry. It is called synchronously and must not throw.
   */
  onAttempt(attempt: StorageAttempt): void
}
