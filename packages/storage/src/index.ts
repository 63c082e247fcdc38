export type * from './backend.ts'
export { maxPutBytes } from './backend.ts'
export { defineBackendPlugin, isBackendPlugin } from './backend-plugin.ts'
export type * from './environment.ts'
export {
  type ErrorCode,
  type ErrorCodeDescription,
  type ErrorFacts,
  errorCodes,
  KanneryError,
  type KanneryErrorOptions,
  type Retry,
} from './errors.ts'
export { compareKeys, type KeyPrefix, keyPrefix, type ObjectKey, objectKey } from './object-key.ts'
export {
  type Part,
  type PartSizes,
  type PartTarget,
  PartWriter,
  type PartWriterOptions,
} from './part-writer.ts'
