/**
 * What a caller may do after an error: nothing, send the very same request again, or look at the
 * world again first.
 */
export type Retry = 'never' | 'same-request' | 'after-refresh'

export interface ErrorCodeDescription {
  /** Exit status of a command that ends with this error. Stable: scripts rely on it. */
  readonly exitStatus: number
  /** What a person should do, where the place that raised the error knows nothing better. */
  readonly remedy: string
}

/**
 * Every error of Kannery has one of these codes. Codes and exit statuses are never reused for
 * something else.
 */
export type ErrorCode =
  | 'INTERNAL'
  | 'CONFIG_INVALID'
  | 'OUTPUT_CLOSED'
  | 'INTERRUPTED'
  | 'STORAGE_NOT_FOUND'
  | 'STORAGE_CONTAINER_NOT_FOUND'
  | 'STORAGE_RANGE'
  | 'STORAGE_ALREADY_EXISTS'
  | 'STORAGE_PRECONDITION_FAILED'
  | 'STORAGE_OUTCOME_UNKNOWN'
  | 'STORAGE_REWRITE_NEEDED'
  | 'STORAGE_DENIED'
  | 'STORAGE_UNAUTHENTICATED'
  | 'STORAGE_THROTTLED'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_UNSUPPORTED'
  | 'STORAGE_FULL'
  | 'STORAGE_NOT_DURABLE'
  | 'LEASE_HELD'
  | 'LEASE_LOST'
  | 'INDEX_MISSING'
  | 'INDEX_FOREIGN'
  | 'INDEX_WHOLE'
  | 'INDEX_OUTDATED'
  | 'DATA_CORRUPT'
  | 'DATA_VERSION_UNSUPPORTED'
  | 'PLUGIN_MISSING'
  | 'PLUGIN_INVALID'
  | 'PLUGIN_DENIED'
  | 'PLUGIN_INSTALL_FAILED'
  | 'KAFKA_UNREACHABLE'
  | 'KAFKA_AUTHENTICATION_FAILED'
  | 'KAFKA_DENIED'
  | 'KAFKA_TLS_FAILED'
  | 'KAFKA_TOPIC_UNKNOWN'
  | 'KAFKA_TOPIC_NOT_EMPTY'
  | 'KAFKA_TOPIC_MISMATCH'
  | 'KAFKA_TRANSACTION_OPEN'
  | 'KAFKA_RECORD_REJECTED'
  | 'KAFKA_DATA_CORRUPT'
  | 'KAFKA_UNSUPPORTED'
  | 'KAFKA_PROTOCOL'
  | 'KAFKA_OFFSETS_LOST'
  | 'RESTORE_INCOMPLETE'
  | 'VERIFY_FAILED'

export const errorCodes: Readonly<Record<ErrorCode, ErrorCodeDescription>> = {
  INTERNAL: {
    exitStatus: 1,
    remedy: 'This is a defect of Kannery. Please report it with the output of --debug.',
  },
  CONFIG_INVALID: { exitStatus: 2, remedy: 'Correct the option and run the command again.' },
  OUTPUT_CLOSED: {
    exitStatus: 3,
    remedy: 'Keep the reader of the output open, or write it to a file.',
  },
  INTERRUPTED: {
    exitStatus: 4,
    remedy: 'You stopped it before it was done; what is there is said above.',
  },

  STORAGE_NOT_FOUND: { exitStatus: 10, remedy: 'Check the name; kannery ls shows what is there.' },
  STORAGE_CONTAINER_NOT_FOUND: {
    exitStatus: 11,
    remedy: 'Create the bucket, container or folder, or correct the storage URL.',
  },
  STORAGE_RANGE: {
    exitStatus: 12,
    remedy: 'The object is shorter than the index says: run kannery verify.',
  },
  STORAGE_ALREADY_EXISTS: { exitStatus: 13, remedy: 'Nothing was overwritten. Run it again.' },
  STORAGE_PRECONDITION_FAILED: {
    exitStatus: 14,
    remedy: 'Somebody else changed the object meanwhile; nothing was overwritten. Run it again.',
  },
  STORAGE_OUTCOME_UNKNOWN: {
    exitStatus: 15,
    remedy: 'The storage never answered. Nothing was deleted; run it again and it finds out.',
  },
  STORAGE_REWRITE_NEEDED: { exitStatus: 16, remedy: 'Nothing was stored. Run it again.' },
  STORAGE_DENIED: {
    exitStatus: 17,
    remedy: 'Give this identity the permission named above.',
  },
  STORAGE_UNAUTHENTICATED: { exitStatus: 18, remedy: 'Check the credentials of the storage.' },
  STORAGE_THROTTLED: {
    exitStatus: 19,
    remedy: 'The storage asks for fewer requests. Run it later.',
  },
  STORAGE_UNAVAILABLE: {
    exitStatus: 20,
    remedy: 'Check that the storage can be reached, then run it again.',
  },
  STORAGE_UNSUPPORTED: {
    exitStatus: 21,
    remedy: 'Use a storage that keeps the promises of docs/providers.md.',
  },
  STORAGE_FULL: {
    exitStatus: 22,
    remedy: 'Free some space. What was committed is safe; the backup goes on from there.',
  },
  STORAGE_NOT_DURABLE: {
    exitStatus: 23,
    remedy: 'Check the disk, then run it again. What was committed before is safe.',
  },

  LEASE_HELD: {
    exitStatus: 32,
    remedy: 'Wait until the other backup ends, or until its lease counts as orphaned.',
  },
  LEASE_LOST: {
    exitStatus: 33,
    remedy: 'Another backup took over; what was committed is safe. Run it again if that one ended.',
  },
  INDEX_MISSING: {
    exitStatus: 34,
    remedy: 'Segments are there but their index is not. Do not start anew; rebuild the index.',
  },
  INDEX_FOREIGN: {
    exitStatus: 35,
    remedy: 'This folder holds something else; it was left alone. Use another prefix.',
  },
  INDEX_WHOLE: { exitStatus: 38, remedy: 'There is nothing to repair; leave it as it is.' },
  INDEX_OUTDATED: {
    exitStatus: 39,
    remedy: 'An old index was put back. Put the newest one back, or rebuild it from the segments.',
  },
  DATA_CORRUPT: {
    exitStatus: 36,
    remedy: 'kannery verify names all that is damaged; the rest can be restored.',
  },
  DATA_VERSION_UNSUPPORTED: {
    exitStatus: 37,
    remedy: 'Use a newer kannery to work with this backup.',
  },

  PLUGIN_MISSING: { exitStatus: 40, remedy: 'Install the package named above.' },
  PLUGIN_INVALID: {
    exitStatus: 41,
    remedy: 'Ask the author of the plugin, or install another version.',
  },
  PLUGIN_DENIED: {
    exitStatus: 42,
    remedy: 'Use a plugin on the allow-list, or have this one added to it.',
  },
  PLUGIN_INSTALL_FAILED: {
    exitStatus: 43,
    remedy: 'Correct what the package manager says above, then run it again.',
  },

  KAFKA_UNREACHABLE: {
    exitStatus: 50,
    remedy: 'Check the broker address, and that its port is open from here.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    exitStatus: 51,
    remedy: 'Check user, password and SASL mechanism.',
  },
  KAFKA_DENIED: { exitStatus: 52, remedy: 'Give this principal the operation named above.' },
  KAFKA_TLS_FAILED: {
    exitStatus: 53,
    remedy: 'Check the trusted certificates and that the address is the one in the certificate.',
  },
  KAFKA_TOPIC_UNKNOWN: {
    exitStatus: 54,
    remedy: 'Check the topic name; topic names are case-sensitive.',
  },
  KAFKA_TOPIC_NOT_EMPTY: {
    exitStatus: 55,
    remedy: 'Restore under another name (--as), or delete the records in the target first.',
  },
  KAFKA_TOPIC_MISMATCH: { exitStatus: 56, remedy: 'Restore into a topic with enough partitions.' },
  KAFKA_TRANSACTION_OPEN: {
    exitStatus: 57,
    remedy: 'Finish or abort the transaction named above, then run it again.',
  },
  KAFKA_RECORD_REJECTED: {
    exitStatus: 58,
    remedy: 'The target topic refuses what the backup holds; see why.',
  },
  KAFKA_DATA_CORRUPT: {
    exitStatus: 59,
    remedy: 'The broker served a damaged batch. Check its disk; another replica may be whole.',
  },
  KAFKA_UNSUPPORTED: {
    exitStatus: 60,
    remedy: 'Upgrade the brokers, or the messages, as said above.',
  },
  KAFKA_PROTOCOL: {
    exitStatus: 61,
    remedy: 'The broker answered what it should not. Run it with --debug.',
  },
  KAFKA_OFFSETS_LOST: {
    exitStatus: 62,
    remedy: 'The broker no longer has offsets that were not backed up yet; see why.',
  },

  RESTORE_INCOMPLETE: {
    exitStatus: 71,
    remedy: 'What was read is not all of it. Begin anew: that gives what is there now.',
  },
  VERIFY_FAILED: {
    exitStatus: 70,
    remedy: 'Keep both sides as they are; the report names every difference.',
  },
}

/** Facts for machines and people. Never a secret. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | undefined>>

export interface KanneryErrorOptions {
  readonly retry?: Retry | undefined
  readonly cause?: unknown
  /** The reason, in one sentence, when the message alone does not tell it. */
  readonly why?: string | undefined
  /** Replaces the code's general remedy where this place knows a better one. */
  readonly remedy?: string | undefined
  /**
   * For example `backend`, `operation`, `key`, `status`, `requestId`; `topic`, `partition`,
   * `offset`. Two of them steer the retries of a storage: `retryAfterMs`, the pause that a
   * throttling store asked for, and `sent: false` where the request never left.
   */
  readonly facts?: ErrorFacts
}

const brand = Symbol.for('kannery.error')

/** The one error class. `message` says what happened, in a sentence that `grep` can find. */
export class KanneryError extends Error {
  static {
    Object.defineProperty(KanneryError.prototype, brand, { value: true })
  }

  readonly code: ErrorCode
  readonly retry: Retry
  readonly why: string | undefined
  readonly remedy: string
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, options: KanneryErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'KanneryError'
    this.code = code
    this.retry = options.retry ?? 'never'
    this.why = options.why
    this.remedy = options.remedy ?? errorCodes[code].remedy
    this.facts = options.facts ?? {}
  }

  get exitStatus(): number {
    return errorCodes[this.code].exitStatus
  }

  /** Works across duplicate copies of this package in one process, where `instanceof` would not. */
  static is(error: unknown, code?: ErrorCode): error is KanneryError {
    return (
      typeof error === 'object' &&
      error !== null &&
      brand in error &&
      (code === undefined || (error as { code?: unknown }).code === code)
    )
  }
}

/**
 * A condition did not hold, so nothing was changed: somebody else was first, or an earlier attempt
 * of the same write.
 */
export function isConflict(error: unknown): error is KanneryError {
  return (
    KanneryError.is(error, 'STORAGE_ALREADY_EXISTS') ||
    KanneryError.is(error, 'STORAGE_PRECONDITION_FAILED')
  )
}

/** What was thrown, where an Error is to be told. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
