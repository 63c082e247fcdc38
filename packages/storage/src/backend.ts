import type { Clock, Random } from './environment.ts'
import type { KeyPrefix, ObjectKey } from './object-key.ts'

/**
 * Identifies the content that an object had at one time: an ETag, a generation, or a number of the
 * volume backend. Versions are opaque: compare them for equality only, and never store them inside
 * an object, because a copy has other versions.
 */
export type ObjectVersion = string & { readonly __objectVersion: unique symbol }

/** What a storage knows about an object without reading it. */
export interface ObjectInfo {
  readonly key: ObjectKey
  /** Size of the object in bytes. */
  readonly size: number
  /** Current version. Absent only in listings of stores that do not list versions. */
  readonly version?: ObjectVersion | undefined
  /** Time of the last write, by the storage's clock. It may be truncated to whole seconds. */
  readonly lastModified: Date
}

/** What a storage answers about a single object. */
export interface StoredObject extends ObjectInfo {
  readonly version: ObjectVersion
  /**
   * Time of the answer, by the same clock as `lastModified`. Absent if the answer does not state it
   * reliably (a folder, a listing): a caller that needs the time then writes an object and reads
   * its `lastModified`.
   */
  readonly answeredAt?: Date | undefined
}

/** What must be true of the stored object for a write to happen. */
export type WriteCondition =
  /** No condition. Only for probes and the object `__time`; every other write has a condition. */
  | { readonly kind: 'overwrite' }
  /** The object must not exist; the write fails with STORAGE_ALREADY_EXISTS if it does. */
  | { readonly kind: 'if-absent' }
  /**
   * The object must have this version; the write fails with STORAGE_PRECONDITION_FAILED if it has
   * another one or does not exist (S3 answers 404 then, Ceph 412).
   */
  | { readonly kind: 'if-version'; readonly version: ObjectVersion }

/**
 * A part of an object. It must select at least one existing byte; otherwise the read fails with
 * STORAGE_RANGE, like HTTP's status 416. Every range of an empty object therefore fails.
 */
export type ByteRange =
  /**
   * The bytes from `start`, inclusive, to `end`, exclusive. `end` must not exceed the size of the
   * object: an answer is never shorter than the request.
   */
  | { readonly kind: 'span'; readonly start: number; readonly end: number }
  /** The bytes from `start` to the end of the object. */
  | { readonly kind: 'from'; readonly start: number }
  /** The last `length` bytes, or the whole object when it is shorter. */
  | { readonly kind: 'last'; readonly length: number }

/** Options of every call. */
export interface CallOptions {
  /**
   * Cancels the call, which then rejects with the signal's own reason. A write that was already
   * sent may still be applied: its outcome is unknown.
   */
  readonly signal?: AbortSignal | undefined
}

/** Options of a read. */
export interface GetOptions extends CallOptions {
  /** Defaults to the whole object. */
  readonly range?: ByteRange | undefined
  /** The read fails with STORAGE_PRECONDITION_FAILED if the object has another version. */
  readonly ifVersion?: ObjectVersion | undefined
}

/** Options of a write. */
export interface PutOptions extends CallOptions {
  readonly condition: WriteCondition
  readonly contentType?: string | undefined
  /**
   * Locks the object until this time. Fails with STORAGE_UNSUPPORTED unless
   * `capabilities.retainUntil` is true.
   */
  readonly retainUntil?: Date | undefined
  /**
   * Receives how much of a request's body was sent: of a `put`, or of the request by which a writer
   * publishes a small object.
   */
  readonly onProgress?: OnProgress | undefined
}

/**
 * Called repeatedly while the body of a request is sent, with the number of bytes sent so far. A
 * request is given up when it makes no progress, not when it takes long: a backend that never calls
 * this function has to send 16 MiB within the time limit of one attempt.
 */
export type OnProgress = (sentBytes: number) => void

/** Options of a streaming write. */
export interface WriterOptions extends PutOptions {
  /** Most bytes that the writer may hold in memory, all parts in flight together. */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Sends a request that carries a part of the object. The decorators put their retries, rate limit
   * and metrics here: a backend sends every part through this function, but not the request that
   * commits. Defaults to sending the part once.
   */
  readonly sendPart?: PartSender | undefined
}

/**
 * Calls `send` for a part of `bytes` bytes, and calls it again to retry. `send` reports to the
 * given function how much of the part was sent.
 */
export type PartSender = <T>(
  bytes: number,
  send: (onProgress: OnProgress) => Promise<T>,
) => Promise<T>

/** Options of a deletion. */
export interface DeleteOptions extends CallOptions {
  /** The deletion fails with STORAGE_PRECONDITION_FAILED if the object has another version. */
  readonly ifVersion?: ObjectVersion | undefined
}

/** An object that is being read. Disposing of it ends the request. */
export interface ObjectReader extends AsyncDisposable {
  readonly info: StoredObject
  /**
   * The bytes that were asked for. They can be iterated once. A chunk is valid until the next one
   * is requested. A body that ends too early throws; it never just ends.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** An object that is being written. It becomes visible by {@link commit}, as a whole. */
export interface ObjectWriter extends AsyncDisposable {
  /**
   * Appends `chunk`. Resolves when the caller may reuse the buffer and there is room for more:
   * awaiting it is the back-pressure. If a part fails, the next `write` or the `commit` rejects.
   */
  write(chunk: Uint8Array): Promise<void>
  /**
   * Publishes the whole object or nothing. The condition is checked now. The object is durable when
   * the promise resolves. May be called once, and never deletes what may have been published.
   *
   * @throws STORAGE_REWRITE_NEEDED when the store demands the parts again (S3's 409): the caller
   *   starts over with a new key. An error whose `retry` is `same-request` when it is unknown
   *   whether the object was published.
   */
  commit(): Promise<StoredObject>
  /**
   * Deletes the parts that were sent if `commit` was never called, as far as possible. Does nothing
   * after a commit, whatever its outcome.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/** Which unfinished uploads to delete. */
export interface SweepOptions extends CallOptions {
  /** Uploads that are younger than this, by the storage's clock, are left alone. Milliseconds. */
  readonly olderThanMs: number
  /** Returns whether an upload of this key can only be the caller's. */
  readonly isOurs: (key: ObjectKey) => boolean
}

/** An entry of a listing: an object, or a folder when one level is listed. */
export type ListEntry =
  | { readonly kind: 'object'; readonly info: ObjectInfo }
  | { readonly kind: 'folder'; readonly prefix: KeyPrefix }

/** What to list below a prefix. */
export interface ListOptions extends CallOptions {
  /**
   * `children` lists one level, each folder once (delimiter `/`). `all` lists every object below
   * the prefix.
   */
  readonly depth: 'children' | 'all'
  /**
   * A hint to begin after this key. Entries at or before it may still be listed, because S3
   * directory buckets do not support StartAfter: callers filter.
   */
  readonly startAfter?: ObjectKey | undefined
}

/** The outcome of deleting one of several objects. */
export interface DeleteResult {
  readonly key: ObjectKey
  /** Why the object was not deleted; undefined if it was. */
  readonly error?: Error | undefined
}

/** What a storage can do. A backend states it; a probe finds out whether it is true. */
export interface StorageCapabilities {
  /** Whether writes can have the condition `if-absent`. */
  readonly ifAbsent: boolean
  /** Whether writes can have the condition `if-version`. */
  readonly ifVersion: boolean
  /** Whether deletions can have a condition. */
  readonly ifVersionDelete: boolean
  /**
   * Whether a key that was deleted can be created again under `if-absent`. Some versioned buckets
   * take the delete marker for an object.
   */
  readonly ifAbsentAfterDelete: boolean
  /** Whether listings are in the order of `compareKeys`. */
  readonly orderedList: boolean
  /** Whether objects can be locked until a time. */
  readonly retainUntil: boolean
  /** Size of the largest possible object, bytes. */
  readonly maxObjectBytes: number
  /** Least time between two writes of one key, milliseconds (Google Cloud Storage: 1000). */
  readonly minRewriteIntervalMs: number
}

/**
 * A place that keeps objects under keys. A backend makes one attempt per call; retries, rate limits
 * and metrics are decorators around it.
 */
export interface StorageBackend extends AsyncDisposable {
  /** Name of the kind of storage, such as `s3`. */
  readonly type: string
  /**
   * Such as `s3://bucket/prefix`; undefined if there is no such name (a volume). Never a secret.
   */
  readonly location: string | undefined
  readonly capabilities: StorageCapabilities
  /**
   * Returns what is known about an object, or undefined if the storage states that there is no such
   * object.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND when the bucket, container or folder does not exist;
   *   STORAGE_DENIED without the permission to know
   */
  head(key: ObjectKey, options?: CallOptions): Promise<StoredObject | undefined>
  /**
   * Opens an object for reading.
   *
   * @throws STORAGE_NOT_FOUND, STORAGE_PRECONDITION_FAILED (for `ifVersion`, which is checked
   * before the range), STORAGE_RANGE
   */
  get(key: ObjectKey, options?: GetOptions): Promise<ObjectReader>
  /**
   * Writes an object in one request. The object is durable when the promise resolves. The body has
   * at most 16 MiB (`maxPutBytes`); more is a mistake of the caller (INTERNAL).
   *
   * @throws STORAGE_NOT_DURABLE when the object was stored but may be lost again: `head` and `get`
   *   of it then reject in the same way until it is durable
   */
  put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject>
  /** Opens a writer for an object of any size. Nothing is visible before its `commit`. */
  openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter>
  /** Lists the objects, or objects and folders, below `prefix`. */
  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry>
  /** Deletes an object. Succeeds if there is no such object. */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<void>
  /**
   * Deletes objects, in batches if the store has them (S3: 1000 keys). Every key gets a result, in
   * any order.
   */
  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options?: CallOptions,
  ): AsyncIterable<DeleteResult>
  /**
   * Deletes unfinished uploads and temporary files below `prefix`, and returns how many. A bucket
   * can be shared with other programs: only uploads whose key is the caller's are deleted there. A
   * folder keeps temporary files where no other program writes, and does not know their keys: only
   * their age counts.
   */
  sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number>
}

/** What the package of a backend exports as `plugin`. */
export interface BackendPlugin<Config = unknown> {
  /**
   * Number of the contract. An app refuses a number that it does not know, naming both versions.
   */
  readonly contract: 1
  /** Name of the kind of storage, such as `s3`. */
  readonly type: string
  /** URL schemes that this plugin serves, such as `s3`, without a colon. */
  readonly urlSchemes: readonly string[]
  /**
   * Schema of the configuration, by which apps validate and document it. Standard Schema is what
   * zod, valibot and others have in common: https://standardschema.dev
   */
  readonly configSchema: StandardSchema<Config>
  /** Returns the configuration that a storage URL stands for. @throws CONFIG_INVALID */
  fromUrl(url: URL): Config
  /** Opens a storage. */
  open(config: Config, context: BackendContext): Promise<StorageBackend>
}

/** The part of Standard Schema that is used here: https://standardschema.dev */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): unknown
    readonly types?: { readonly output: Output } | undefined
  }
}

/** What an app gives to a backend when it opens it. */
export interface BackendContext {
  /** Cancels the opening. */
  readonly signal?: AbortSignal | undefined
  readonly clock: Clock
  readonly random: Random
  /** With `read`, the backend is never asked to write: credentials that cannot write suffice. */
  readonly access: 'read' | 'write'
  /**
   * Secrets by name, resolved by the app. Defaults to those that the provider's SDK finds itself
   * (environment, profile, workload identity).
   */
  readonly credentials?: Readonly<Record<string, string>> | undefined
  /** Value of the header `User-Agent` of HTTP requests. */
  readonly userAgent: string
}
