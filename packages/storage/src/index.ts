export {
  type BackendAttempt,
  BackendErrors,
  type BackendErrorsOptions,
  type ErrorAnswer,
} from './backend/backend-errors.ts'
export { bodyInPieces } from './backend/body-in-pieces.ts'
export {
  type BucketPlace,
  bucketPlaceOf,
  checkAgainst,
  decodeUrlPart,
  isFolder,
  locationIn,
} from './backend/bucket-config.ts'
export { deleteEach } from './backend/delete-each.ts'
export {
  type CommonMeanings,
  commonMeanings,
  type ErrorMeaning,
  meaningOfFailedCondition,
  meaningOfStatus,
} from './backend/error-meanings.ts'
export {
  type NetworkFailure,
  networkFailure,
  retryAfterMs,
  withoutRequest,
} from './backend/http-failure.ts'
export { KeyNamespace } from './backend/key-namespace.ts'
export {
  isCertainlyNotPublished,
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
  PartWriter,
  type PartWriterOptions,
} from './backend/part-writer.ts'
export { assertPutSize, maxPutBytes } from './backend/put-size.ts'
export { type AnsweredSpan, RangeRequest } from './backend/range-request.ts'
export type * from './backend.ts'
export { defineBackendPlugin, isBackendPlugin } from './backend-plugin.ts'
export { type ByteSpan, spanOf } from './byte-span.ts'
export { type DecorateOptions, decorate } from './client/decorators/decorate.ts'
export type {
  StorageAttempt,
  StorageObserver,
  StorageOperation,
} from './client/decorators/observer.ts'
export { defaultRetryPolicy, type RetryPolicy } from './client/decorators/retry/retry-deadline.ts'
export { type ProbeReport, probe } from './client/probe.ts'
export { type ReadObject, type ReadObjectOptions, readObject } from './client/read-object.ts'
export { eitherSignal } from './concurrency/either-signal.ts'
export { inBatches } from './concurrency/in-batches.ts'
export type * from './environment.ts'
export type * from './errors/advice.ts'
export { type CertificateProblem, certificateProblem } from './errors/certificate-problem.ts'
export type { ErrorCodeDescription } from './errors/error-code-description.ts'
export { type ErrorArea, type ErrorCode, errorAreas, errorCodes } from './errors/error-codes.ts'
export {
  asError,
  type ErrorChanges,
  type ErrorDetails,
  type ErrorFacts,
  KanneryError,
  type KanneryErrorOptions,
  type Retry,
} from './errors/kannery-error.ts'
export { isBackupDamage, isConflict } from './errors/predicates.ts'
export {
  compareKeys,
  isKeyPrefix,
  isObjectKey,
  type KeyPrefix,
  keyPrefix,
  type ObjectKey,
  objectKey,
} from './object-key.ts'
