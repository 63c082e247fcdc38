export { eitherSignal } from '../concurrency/abort-signals.ts'
export { inBatches } from '../concurrency/in-batches.ts'
export {
  type BackendAttempt,
  BackendErrors,
  type BackendErrorsOptions,
  type ErrorAnswer,
} from './backend-errors.ts'
export {
  type BucketPlace,
  bucketPlaceOf,
  checkAgainst,
  decodeUrlPart,
  isFolder,
  locationIn,
} from './bucket-config.ts'
export { deleteEach } from './delete-each.ts'
export {
  type CommonMeanings,
  commonMeanings,
  type ErrorMeaning,
  meaningOfFailedCondition,
  meaningOfStatus,
} from './error-meanings.ts'
export { KeyNamespace } from './key-namespace.ts'
export {
  isCertainlyNotPublished,
  type Part,
  type PartCall,
  type PartSizes,
  type PartTarget,
  PartWriter,
  type PartWriterOptions,
} from './part-writer.ts'
export { assertPutSize, bodyInPieces, maxPutBytes } from './put-body.ts'
export { type AnsweredSpan, RangeRequest } from './range-request.ts'
export { schemaOf } from './schema-of.ts'
