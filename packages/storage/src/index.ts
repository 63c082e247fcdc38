export type * from './backend.ts'
export { defineBackendPlugin, isBackendPlugin } from './backend-plugin.ts'
export { type ByteSpan, selectSpan, spanOf } from './byte-span.ts'
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
  isObjectKey,
  type KeyPrefix,
  keyPrefix,
  type ObjectKey,
  objectKey,
} from './object-key.ts'
