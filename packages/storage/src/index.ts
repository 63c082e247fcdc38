export type * from './backend.ts'
export { type BackendAttempt, BackendErrors, type ErrorMeaning } from './backend-errors.ts'
export { defineBackendPlugin, isBackendPlugin } from './backend-plugin.ts'
export { bodyInPieces } from './body-in-pieces.ts'
export {
  type BucketPlace,
  bucketPlaceOf,
  checkAgainst,
  decodeUrlPart,
  isFolder,
  locationIn,
} from './bucket-config.ts'
export { type ByteSpan, spanOf } from './byte-span.ts'
export { type CertificateProblem, certificateProblem } from './certificate-problem.ts'
export { type DecorateOptions, decorate } from './decorators/decorate.ts'
export type { StorageAttempt, StorageObserver, StorageOperation } from './decorators/observer.ts'
export { defaultRetryPolicy, type RetryPolicy } from './decorators/retry/patience.ts'
export { deleteEach } from './delete-each.ts'
export { eitherSignal } from './either-signal.ts'
export type * from './environment.ts'
export {
  asError,
  type ErrorCode,
  type ErrorCodeDescription,
  type ErrorFacts,
  errorCodes,
  isConflict,
  KanneryError,
  type KanneryErrorOptions,
  type Retry,
} from './errors.ts'
export {
  type NetworkFailure,
  networkFailure,
  retryAfterMs,
  withoutRequest,
} from './http-failure.ts'
export { inBatches } from './in-batches.ts'
export { KeyNamespace } from './key-namespace.ts'
export {
  compareKeys,
  isKeyPrefix,
  isObjectKey,
  type KeyPrefix,
  keyPrefix,
  type ObjectKey,
  objectKey,
} from './object-key.ts'
export {
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
  PartWriter,
  type PartWriterOptions,
} from './part-writer.ts'
export { type ProbeReport, probe } from './probe.ts'
export { assertPutSize, maxPutBytes } from './put-size.ts'
export { type AnsweredSpan, RangeRequest } from './range-request.ts'
export { type ReadObject, type ReadObjectOptions, readObject } from './read-object.ts'
