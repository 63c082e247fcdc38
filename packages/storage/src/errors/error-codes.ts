import { type BackupErrorCode, backupCodes } from './codes/backup-codes.ts'
import { type GeneralErrorCode, generalCodes } from './codes/general-codes.ts'
import { type KafkaErrorCode, kafkaCodes } from './codes/kafka-codes.ts'
import { type PluginErrorCode, pluginCodes } from './codes/plugin-codes.ts'
import { type StorageErrorCode, storageCodes } from './codes/storage-codes.ts'
import type { ErrorCodeDescription } from './error-code-description.ts'

/**
 * Code of an error of Kannery, for programs. A code and its exit status are never used for anything
 * else, also not after the code was removed.
 */
export type ErrorCode =
  | GeneralErrorCode
  | StorageErrorCode
  | BackupErrorCode
  | PluginErrorCode
  | KafkaErrorCode

/** Area of an error code: what its errors are about. `general` is for those of no area. */
export type ErrorArea = 'general' | 'storage' | 'backup' | 'plugin' | 'kafka'

/** The error codes of each area, in the order of documentation. Every code is in one area. */
export const errorAreas: Readonly<Record<ErrorArea, readonly ErrorCode[]>> = {
  general: codesOf(generalCodes),
  storage: codesOf(storageCodes),
  backup: codesOf(backupCodes),
  plugin: codesOf(pluginCodes),
  kafka: codesOf(kafkaCodes),
}

/** Descriptions of all error codes, by code, in the order of documentation. */
export const errorCodes: Readonly<Record<ErrorCode, ErrorCodeDescription>> = {
  ...generalCodes,
  ...storageCodes,
  ...backupCodes,
  ...pluginCodes,
  ...kafkaCodes,
}

function codesOf<Code extends ErrorCode>(
  table: Readonly<Record<Code, ErrorCodeDescription>>,
): readonly Code[] {
  return Object.keys(table) as Code[]
}
