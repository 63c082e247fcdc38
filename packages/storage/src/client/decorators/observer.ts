import type { ErrorCode } from '../../errors/error-codes.ts'

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

export interface StorageAttempt {
  readonly operation: StorageOperation
  /** Or the prefix; empty for `deleteMany`. */
  readonly key: string
  /** Spent waiting for the storage; what the caller did in between does not count. */
  readonly durationMs: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** `INTERNAL` for what is no error of Kannery, such as the reason of an aborted call. */
  readonly error?: ErrorCode
  /** What the error says of its cause: for people. */
  readonly why?: string
}

export interface StorageObserver {
  /**
   * Each attempt, when it has ended: a `get` with its body, a `list` with its last entry. Must not
   * throw.
   */
  onAttempt(attempt: StorageAttempt): void
}
