import type { ErrorCode } from '../../errors/error-codes.ts'

/** What was asked of the storage. */
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

/** One attempt of a call, when it has ended. */
export interface StorageAttempt {
  readonly operation: StorageOperation
  /** Key or prefix of the call; empty for `deleteMany`. */
  readonly key: string
  /** Time spent waiting for the storage, milliseconds, without what the caller did in between. */
  readonly durationMs: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** Absent on success. `INTERNAL` for errors of others, such as the reason of an aborted call. */
  readonly error?: ErrorCode | undefined
  /** Reason that the error gives, for people. */
  readonly why?: string | undefined
}

/** Receives the attempts of a storage, for metrics and logs. */
export interface StorageObserver {
  /**
   * Called for each attempt when it has ended: a `get` ends with its body, a `list` with its last
   * entry. It must not throw.
   */
  onAttempt(attempt: StorageAttempt): void
}
