import type { Clock, Random } from './environment.ts'
import type { KeyPrefix, ObjectKey } from './object-key.ts'

/**
 * Opaque: ETag, generation or volume number. Compare for equality only; never store it in an object
 * (a copy has others).
 */
export type ObjectVersion = string & { readonly __objectVersion: unique symbol }

export interface ObjectInfo {
  readonly key: ObjectKey
  readonly size: number
  /** Absent only in listings of stores that do not list it. */
  readonly version?: ObjectVersion | undefined
  /** By the storage's clock; may be truncated to whole seconds. */
  readonly lastModified: Date
}
export interface StoredObject extends ObjectInfo {
  readonly version: ObjectVersion
  /**
   * What time it was by the storage's clock, the one of `lastModified`, when it answered. Absent
   * where the answer does not tell it for certain (a folder, a listing): whoever must know then
   * writes an object and looks at its `lastModified`.
   */
  readonly answeredAt?: Date | undefined
}

export type WriteCondition =
  /** For probes and `__time` only: everything else says what it expects. */
  | { readonly kind: 'overwrite' }
  /** Fails with STORAGE_ALREADY_EXISTS. */
  | { readonly kind: 'if-absent' }
  /**
   * Fails with STORAGE_PRECONDITION_FAILED, also when the object is gone (S3 answers 404, Ceph
   * 412).
   */
  | { readonly kind: 'if-version'; readonly version: ObjectVersion }

/**
 * Selects at least one byte that is there; else STORAGE_RANGE, as HTTP's 416: so every range of an
 * empty object fails.
 */
export type ByteRange =
  /**
   * `end` is exclusive and not beyond the object: an answer is never shorter than what was asked
   * for.
   */
  | { readonly kind: 'span'; readonly start: number; readonly end: number }
  /** Up to the end. */
  | { readonly kind: 'from'; readonly start: number }
  /** The last `length` bytes, or the whole object when it is shorter. */
  | { readonly kind: 'last'; readonly length: number }

export interface CallOptions {
  /**
   * Rejects with the signal's own reason. A write that was on its way may still land: the outcome
   * is then unknown.
   */
  readonly signal?: AbortSignal | undefined
}
export interface GetOptions extends CallOptions {
  readonly range?: ByteRange | undefined
  readonly ifVersion?: ObjectVersion | undefined
}
export interface PutOptions extends CallOptions {
  readonly condition: WriteCondition
  readonly contentType?: string | undefined
  /** Object lock. Needs `capabilities.retainUntil`; else STORAGE_UNSUPPORTED. */
  readonly retainUntil?: Date | undefined
  /**
   * Hears how much of a request's body has left: of a `put`, or of the request by which a writer
   * publishes a small object.
   */
  readonly onProgress?: OnProgress | undefined
}
/**
 * Called now and then while the body of a request is sent, with the bytes of it that have left so
 * far. A request is given up when nothing of it moves, not when it takes long: a backend that never
 * calls this has to send 16 MiB within the time of one attempt.
 */
export type OnProgress = (sentBytes: number) => void

export interface WriterOptions extends PutOptions {
  /** Upper bound of what the writer may hold in memory, all parts in flight together. */
  readonly maxBufferedBytes?: number | undefined
  /**
   * How to send a request that carries a part of `bytes` bytes: the decorators hand in their
   * retries, rate limit and metrics here. A backend that sends parts sends each through it; `send`
   * may be called again, and reports to the given function how much has left. Not for the request
   * that commits. Absent: just send.
   */
  readonly sendPart?: PartSender | undefined
}
export type PartSender = <T>(
  bytes: number,
  send: (onProgress: OnProgress) => Promise<T>,
) => Promise<T>
export interface DeleteOptions extends CallOptions {
  readonly ifVersion?: ObjectVersion | undefined
}

export interface ObjectReader extends AsyncDisposable {
  readonly info: StoredObject
  /**
   * One pass. Chunks belong to the reader until the next one is asked for. Shorter than promised is
   * an error, never an end.
   */
  readonly body: AsyncIterable<Uint8Array>
}
export interface ObjectWriter extends AsyncDisposable {
  /**
   * Resolves when `chunk` may be reused and there is room for more. A failed part rejects the next
   * write or `commit`.
   */
  write(chunk: Uint8Array): Promise<void>
  /**
   * Publishes all or nothing, durable when it resolves; judges the condition now. Once. Rejects
   * with STORAGE_REWRITE_NEEDED when the store demands the parts again (S3's 409): the caller
   * starts over under a new key. Never deletes what may have landed. Rejects with a `retry` of
   * `same-request` when it cannot tell whether it landed.
   */
  commit(): Promise<StoredObject>
  /**
   * Without a commit: gives the parts back, best effort. After a commit of any outcome: nothing.
   */
  [Symbol.asyncDispose](): Promise<void>
}

export interface SweepOptions extends CallOptions {
  /** What is younger by the storage's clock is left alone. */
  readonly olderThanMs: number
  /** Whether an upload of this key can only be the caller's. */
  readonly isOurs: (key: ObjectKey) => boolean
}

export type ListEntry =
  | { readonly kind: 'object'; readonly info: ObjectInfo }
  | { readonly kind: 'folder'; readonly prefix: KeyPrefix }
export interface ListOptions extends CallOptions {
  /** `children`: one level, folders told once (delimiter `/`). `all`: everything below. */
  readonly depth: 'children' | 'all'
  /**
   * A hint: entries at or before it may still come (S3 directory buckets know no StartAfter).
   * Callers filter.
   */
  readonly startAfter?: ObjectKey | undefined
}

export interface DeleteResult {
  readonly key: ObjectKey
  readonly error?: Error | undefined
}

export interface StorageCapabilities {
  readonly ifAbsent: boolean
  readonly ifVersion: boolean
  readonly ifVersionDelete: boolean
  /**
   * false: a key that was deleted cannot be created again under `if-absent`; some versioned buckets
   * count delete markers.
   */
  readonly ifAbsentAfterDelete: boolean
  /** Listings come in the order of `compareKeys`. */
  readonly orderedList: boolean
  readonly retainUntil: boolean
  readonly maxObjectBytes: number
  /** Least time between two writes of one key (GCS: 1000). */
  readonly minRewriteIntervalMs: number
}

export interface StorageBackend extends AsyncDisposable {
  readonly type: string
  /** `s3://bucket/prefix`; undefined where there is none to tell (a volume). Never a secret. */
  readonly location: string | undefined
  readonly capabilities: StorageCapabilities
  /**
   * undefined only on a proven "no such object"; a missing container is
   * STORAGE_CONTAINER_NOT_FOUND, no permission is STORAGE_DENIED.
   */
  head(key: ObjectKey, options?: CallOptions): Promise<StoredObject | undefined>
  /**
   * Rejects with STORAGE_NOT_FOUND, STORAGE_PRECONDITION_FAILED (`ifVersion`, judged before the
   * range) or STORAGE_RANGE.
   */
  get(key: ObjectKey, options?: GetOptions): Promise<ObjectReader>
  /**
   * One request, at most 16 MiB (`maxPutBytes`; more is the caller's mistake: INTERNAL). Durable
   * when it resolves. One attempt: the backend and its SDK do not retry.
   *
   * @throws STORAGE_NOT_DURABLE when it was stored but may be lost again. Nothing turns that into
   * success: `head` and `get` of what is not durable reject likewise, until it is.
   */
  put(key: ObjectKey, body: Uint8Array, options: PutOptions): Promise<StoredObject>
  openWriter(key: ObjectKey, options: WriterOptions): Promise<ObjectWriter>
  list(prefix: KeyPrefix, options: ListOptions): AsyncIterable<ListEntry>
  /** A missing object is success. */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<void>
  /** In batches where the store has them (S3: 1000). Every key gets a result, in any order. */
  deleteMany(
    keys: AsyncIterable<ObjectKey> | Iterable<ObjectKey>,
    options?: CallOptions,
  ): AsyncIterable<DeleteResult>
  /**
   * Gives back unfinished uploads and temporary files below `prefix`; returns how many. Where
   * others may have such uploads, only those are given back whose key is ours: a bucket and its
   * uploads can be shared with other programs. A folder's temporary files lie where no other
   * program writes, and their keys are not known: there only the age counts.
   */
  sweepUnfinished(prefix: KeyPrefix, options: SweepOptions): Promise<number>
}

export interface BackendPlugin<Config = unknown> {
  /** The contract's number. An app refuses a number it does not know, naming both versions. */
  readonly contract: 1
  readonly type: string
  readonly urlSchemes: readonly string[]
  /**
   * Standard Schema (zod, valibot, …) so that apps can validate and document without knowing the
   * library.
   */
  readonly configSchema: StandardSchema<Config>
  fromUrl(url: URL): Config
  open(config: Config, context: BackendContext): Promise<StorageBackend>
}
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): unknown
    readonly types?: { readonly output: Output } | undefined
  }
}
export interface BackendContext {
  readonly signal?: AbortSignal | undefined
  readonly clock: Clock
  readonly random: Random
  /** `read`: the backend is never asked to write, so credentials that cannot write suffice. */
  readonly access: 'read' | 'write'
  /**
   * Named secrets, resolved by the app; absent means the SDK's own chain (environment, profile,
   * workload identity).
   */
  readonly credentials?: Readonly<Record<string, string>> | undefined
  readonly userAgent: string
}
