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
  /** Size of the whole object in bytes, also in the answer to a read of a range. */
  readonly size: number
  /** Version of the object. It is absent only in listings of stores that do not list versions. */
  readonly version?: ObjectVersion | undefined
  /** Time of the last write, by the storage's clock. It may be truncated to whole seconds. */
  readonly lastModified: Date
}

/** What a storage answers about a single object: its version is always known. */
export interface StoredObject extends ObjectInfo {
  readonly version: ObjectVersion
  /**
   * Time of the answer, by the same clock as `lastModified` (the header `Date` of HTTP). It is
   * absent if the answer does not state it reliably, as from a folder: a caller that needs the time
   * then writes an object and reads its `lastModified`.
   */
  readonly answeredAt?: Date | undefined
}

/** What must be true of the stored object for a write to happen. */
export type WriteCondition =
  /**
   * No condition: the write replaces what is stored, if anything. Kannery asks for it only where a
   * lost update does no harm; all else that it writes has a condition.
   */
  | { readonly kind: 'overwrite' }
  /**
   * The object must not exist; the write fails with STORAGE_ALREADY_EXISTS if it does. Requires the
   * capability `ifAbsent`.
   */
  | { readonly kind: 'if-absent' }
  /**
   * The object must have this version; the write fails with STORAGE_PRECONDITION_FAILED if it has
   * another one or does not exist (S3 answers 404 then, Ceph 412). Requires the capability
   * `ifVersion`. S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   */
  | { readonly kind: 'if-version'; readonly version: ObjectVersion }

/**
 * A range of the bytes of an object, by offsets that begin at 0. It must select at least one
 * existing byte; otherwise the read fails with STORAGE_RANGE, like HTTP's status 416. Every range
 * of an empty object therefore fails.
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

/** Options that every call of a storage takes. */
export interface CallOptions {
  /**
   * Cancels the call, which then rejects with the signal's own reason. A write that was already
   * sent may still be applied: its outcome is unknown.
   */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link StorageBackend.get}. */
export interface GetOptions extends CallOptions {
  /** Bytes to read. Defaults to the whole object, which may be empty. */
  readonly range?: ByteRange | undefined
  /**
   * Version that the object must have; the read fails with STORAGE_PRECONDITION_FAILED if it has
   * another one. Defaults to any version.
   */
  readonly ifVersion?: ObjectVersion | undefined
}

/** Options of {@link StorageBackend.put}. */
export interface PutOptions extends CallOptions {
  /** What must be true of the stored object for the write to happen. */
  readonly condition: WriteCondition
  /**
   * Media type to store with the object, such as `application/json`. Defaults to that of the
   * backend or its store; a backend that stores no media types, such as a folder, ignores it.
   */
  readonly contentType?: string | undefined
  /**
   * Time until which the storage refuses to delete this version of the object. Defaults to no lock.
   * The write fails with STORAGE_UNSUPPORTED unless `capabilities.retainUntil` is true. S3 Object
   * Lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
   */
  readonly retainUntil?: Date | undefined
  /**
   * Receives how many bytes of a request's body were sent: of a `put`, or of the request by which a
   * writer publishes a small object. The decorators set it to notice requests that stand still.
   */
  readonly onProgress?: OnProgress | undefined
}

/**
 * Called repeatedly while the body of a request is sent, with the number of bytes sent so far. A
 * request is given up when it makes no progress, not when it takes long: a backend that never calls
 * this function has to send 16 MiB within the time limit of one attempt (25 seconds by default).
 */
export type OnProgress = (sentBytes: number) => void

/** Options of {@link StorageBackend.openWriter}. */
export interface WriterOptions extends PutOptions {
  /**
   * Most bytes that the writer may hold in memory, all parts in flight together. Defaults to what
   * suits the store, a few parts. A writer that cannot hold the smallest part of its store fails
   * with CONFIG_INVALID when the object turns out to need more than one.
   */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Sends a request that carries a part of the object. The decorators put their retries, rate limit
   * and metrics here: a backend sends every part through this function, but not the request that
   * commits. `PartWriter` of `@kannery/storage/backend` does so. Defaults to sending the part once.
   */
  readonly sendPart?: PartSender | undefined
}

/**
 * Sends a part of `bytes` bytes by calling `send`, and calls `send` again to retry. Resolves with
 * what the successful call returned, and rejects with the last error. `send` reports to its
 * argument how many bytes of the part were sent.
 */
export type PartSender = <T>(
  bytes: number,
  send: (onProgress: OnProgress) => Promise<T>,
) => Promise<T>

/** Options of {@link StorageBackend.delete}. */
export interface DeleteOptions extends CallOptions {
  /**
   * Version that the object must have; the deletion fails with STORAGE_PRECONDITION_FAILED if it
   * has another one, and with STORAGE_UNSUPPORTED without the capability `ifVersionDelete`.
   * Defaults to any version. An object that does not exist fulfils every condition.
   */
  readonly ifVersion?: ObjectVersion | undefined
}

/** An object that is being read. Disposing of it ends the request, at any time. */
export interface ObjectReader extends AsyncDisposable {
  /** The whole object, also when only a range of it is read. */
  readonly info: StoredObject
  /**
   * The bytes that were asked for, in order and of one version of the object. They can be iterated
   * once. A chunk is valid until the next one is requested. The iteration never ends before all
   * bytes were yielded: it throws STORAGE_UNAVAILABLE with the retry `same-request` if the
   * connection breaks.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** An object that is being written. {@link commit} makes it visible, as a whole. */
export interface ObjectWriter extends AsyncDisposable {
  /**
   * Appends a chunk of any size. Resolves when the caller may reuse the buffer and there is room
   * for more: awaiting it is the back-pressure. Calls must not overlap.
   *
   * @throws STORAGE_* when this part or an earlier one failed: the writer can then only be disposed
   *   of; INTERNAL after `commit` or disposal
   */
  write(chunk: Uint8Array): Promise<void>
  /**
   * Publishes the whole object or nothing. The condition is checked now. The object is durable when
   * the promise resolves. May be called once, and never deletes what may have been published.
   *
   * @throws STORAGE_ALREADY_EXISTS or STORAGE_PRECONDITION_FAILED when the condition does not hold;
   *   STORAGE_REWRITE_NEEDED when the store demands the parts again (S3's 409): the caller starts
   *   over with a new key; an error whose `retry` is `same-request` when it is unknown whether the
   *   object was published; INTERNAL when the writer is closed
   */
  commit(): Promise<StoredObject>
  /**
   * Deletes the parts that were sent if `commit` was never called, as far as possible: what remains
   * is deleted by {@link StorageBackend.sweepUnfinished}. Does nothing after a commit, whatever its
   * outcome.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/** Which unfinished uploads {@link StorageBackend.sweepUnfinished} deletes. */
export interface SweepOptions extends CallOptions {
  /**
   * Least age of an upload that is deleted, in milliseconds by the storage's clock. Younger ones
   * may still be written to.
   */
  readonly olderThanMs: number
  /** Returns whether an upload of this key can only be the caller's; others are left alone. */
  readonly isOurs: (key: ObjectKey) => boolean
}

/** An entry of a listing: an object, or a folder when one level is listed. */
export type ListEntry =
  | { readonly kind: 'object'; readonly info: ObjectInfo }
  | { readonly kind: 'folder'; readonly prefix: KeyPrefix }

/** Options of {@link StorageBackend.list}. */
export interface ListOptions extends CallOptions {
  /**
   * How deep to list. `children` lists one level: its objects, and each folder once (delimiter
   * `/`). `all` lists every object below the prefix, and no folders.
   */
  readonly depth: 'children' | 'all'
  /**
   * A hint to begin after this key, which need not exist. Entries at or before it may still be
   * listed, because not every store can do this (S3 directory buckets cannot), and callers have to
   * filter them. Defaults to the first entry. S3's StartAfter:
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
   */
  readonly startAfter?: ObjectKey | undefined
}

/** The outcome of deleting one of several objects. */
export interface DeleteResult {
  readonly key: ObjectKey
  /** Why the object was not deleted; undefined if it was, or did not exist. */
  readonly error?: Error | undefined
}

/**
 * What a storage can do. A backend states it, and refuses with STORAGE_UNSUPPORTED what it lacks; a
 * probe finds out whether the store really keeps the conditions that it accepts.
 */
export interface StorageCapabilities {
  /** Whether writes can have the condition `if-absent`. Backups require it. */
  readonly ifAbsent: boolean
  /** Whether writes can have the condition `if-version`. Backups require it. */
  readonly ifVersion: boolean
  /** Whether deletions can have the condition {@link DeleteOptions.ifVersion}. */
  readonly ifVersionDelete: boolean
  /**
   * Whether a key that was deleted can be created again under `if-absent`. Some stores take the
   * delete marker in a versioned bucket for an object.
   */
  readonly ifAbsentAfterDelete: boolean
  /** Whether listings are in the order of `compareKeys`. If not, they are in any order. */
  readonly orderedList: boolean
  /** Whether objects can be locked by {@link PutOptions.retainUntil}. */
  readonly retainUntil: boolean
  /** Size in bytes of the largest object that a writer can write. */
  readonly maxObjectBytes: number
  /**
   * Least time between two writes of one key in milliseconds, or 0 if there is no such limit.
   * Google Cloud Storage demands a second: https://cloud.google.com/storage/quotas#objects
   */
  readonly minRewriteIntervalMs: number
}

/**
 * A storage that keeps objects under keys. A backend makes one attempt per call; retries, rate
 * limits and metrics are decorators around it. What one client wrote or deleted, every other client
 * sees at once. All calls may overlap. Disposing of it closes its connections.
 *
 * Every call rejects with the reason of its signal, or with a `KanneryError`. Beside the codes that
 * a call names, these are possible: STORAGE_CONTAINER_NOT_FOUND when the bucket, container or
 * folder does not exist; STORAGE_DENIED and STORAGE_UNAUTHENTICATED, which a retry does not help;
 * STORAGE_THROTTLED and STORAGE_UNAVAILABLE, whose `retry` is `same-request` if the same request
 * may succeed later; STORAGE_UNSUPPORTED for what the storage cannot do; STORAGE_FULL for writes.
 */
export interface StorageBackend extends AsyncDisposable {
  /** Name of the kind of storage, such as `s3`; the same as that of its plugin. */
  readonly type: string
  /**
   * URL of the storage for people, such as `s3://bucket/prefix`, without a slash at its end. It is
   * undefined if there is no such name, as for a folder. It never contains a secret.
   */
  readonly location: string | undefined
  /** What the storage can do. It does not change. */
  readonly capabilities: StorageCapabilities
  /**
   * Returns what is known about an object, or undefined if the storage states that there is no such
   * object. Any other answer is an error: a new backup begins where no object is found.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND when the bucket, container or folder does not exist;
   *   STORAGE_DENIED without the permission to know, which for S3 and Google is that to list
   */
  head(key: ObjectKey, options?: CallOptions): Promise<StoredObject | undefined>
  /**
   * Opens an object, or a range of it, for reading. The caller disposes of the reader.
   *
   * @throws STORAGE_NOT_FOUND when there is no such object; STORAGE_PRECONDITION_FAILED when it has
   *   another version than `ifVersion`, which is checked before the range; STORAGE_RANGE when it
   *   does not have the range
   */
  get(key: ObjectKey, options?: GetOptions): Promise<ObjectReader>
  /**
   * Writes an object in one request, as a whole or not at all. The object is durable when the
   * promise resolves, and the caller may then reuse the body. The body has at most 16 MiB
   * (`maxPutBytes`); larger objects need a writer.
   *
   * @throws STORAGE_ALREADY_EXISTS when the condition `if-absent` does not hold, and
   *   STORAGE_PRECONDITION_FAILED when `if-version` does not, with the retry `after-refresh`;
   *   STORAGE_UNSUPPORTED for a condition or a lock that the storage cannot keep;
   *   STORAGE_NOT_DURABLE when the object was stored but may be lost again: `head` and `get` of it
   *   then reject in the same way until it is durable; INTERNAL for a larger body
   */
  put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject>
  /**
   * Opens a writer for an object of any size. Nothing is visible before its `commit`, which checks
   * the condition. The caller disposes of the writer.
   *
   * @throws STORAGE_UNSUPPORTED for a condition or a lock that the storage cannot keep
   */
  openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter>
  /**
   * Lists the objects, or objects and folders, below `prefix`, each once. Entries are in the order
   * of `compareKeys` if `capabilities.orderedList` is true, and in any order otherwise. The listing
   * is empty if there is nothing below the prefix. Names that are no keys are left out. What is
   * written or deleted during the listing may be listed or not.
   *
   * @throws STORAGE_CONTAINER_NOT_FOUND during the iteration when the bucket, container or folder
   *   does not exist
   */
  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry>
  /**
   * Deletes an object. Succeeds if there is no such object, also with a condition.
   *
   * @throws STORAGE_PRECONDITION_FAILED when the object has another version than `ifVersion`;
   *   STORAGE_UNSUPPORTED for a condition without the capability `ifVersionDelete`
   */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<void>
  /**
   * Deletes objects, in batches if the store has them, and yields a result for every key, in any
   * order. A key that cannot be deleted is a result with an error and does not end the others; the
   * iteration throws only for a reason that concerns no single key, such as an aborted signal. S3
   * deletes 1,000 keys at once:
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options?: CallOptions,
  ): AsyncIterable<DeleteResult>
  /**
   * Deletes unfinished uploads and temporary files below `prefix`, and returns how many. A bucket
   * can be shared with other programs: only uploads whose key is the caller's are deleted there. A
   * folder keeps temporary files where no other program writes, and does not know their keys: only
   * their age counts. A writer whose upload was deleted fails with STORAGE_REWRITE_NEEDED. Stores
   * that delete unfinished uploads themselves and cannot be asked for them return 0 (Google after a
   * week: https://cloud.google.com/storage/docs/resumable-uploads#session-uris).
   */
  sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number>
}

/**
 * A kind of storage, as the package of a backend exports it under the name `plugin`. It is made by
 * `defineBackendPlugin`.
 */
export interface BackendPlugin<Config = unknown> {
  /**
   * Number of the storage contract that the plugin implements. An app refuses a number that it does
   * not know with PLUGIN_INVALID, naming both versions.
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
  /**
   * Returns the configuration that a storage URL stands for. The scheme is one of `urlSchemes`.
   *
   * @throws CONFIG_INVALID, never with a secret of the URL in it
   */
  fromUrl(url: URL): Config
  /**
   * Opens the storage that `config` describes. Whether it exists and may be used is found out by
   * the first call, so that opening succeeds also for a missing bucket, container or folder.
   *
   * @throws CONFIG_INVALID when the configuration or the credentials cannot be used
   */
  open(config: Config, context: BackendContext): Promise<StorageBackend>
}

/**
 * The part of Standard Schema that is used here: https://standardschema.dev. `validate` has to
 * answer synchronously.
 */
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
  /** Cancels the opening, which then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** Clock to use instead of the machine's, so that tests decide the time. */
  readonly clock: Clock
  /** Source of randomness to use instead of the machine's, for names and pauses. */
  readonly random: Random
  /**
   * What the storage is used for. With `read`, the backend is never asked to write or delete:
   * credentials that may only read suffice.
   */
  readonly access: 'read' | 'write'
  /**
   * Secrets by name, resolved by the app. Defaults to those that the provider's SDK finds itself
   * (environment, profile, workload identity).
   */
  readonly credentials?: Readonly<Record<string, string>> | undefined
  /** Value of the header `User-Agent` of HTTP requests, such as `kannery/1.0.0`. */
  readonly userAgent: string
}
