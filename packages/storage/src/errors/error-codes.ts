import { type BackupErrorCode, backupCodes } from './codes/backup-codes.ts'
import { type GeneralErrorCode, generalCodes } from './codes/general-codes.ts'
import { type KafkaErrorCode, kafkaCodes } from './codes/kafka-codes.ts'
import { type PluginErrorCode, pluginCodes } from './codes/plugin-codes.ts'
import { type StorageErrorCode, storageCodes } from './codes/storage-codes.ts'
import type { ErrorCodeDescription } from './error-code-description.ts'

/** Every error of Kannery has one of these codes. Codes and exit statuses are never reused. */
export type ErrorCode =
  | GeneralErrorCode
  | StorageErrorCode
  | BackupErrorCode
  | PluginErrorCode
  | KafkaErrorCode

/** What an error code is about. */
export type ErrorArea = 'general' | 'storage' | 'backup' | 'plugin' | 'kafka'

/** The error codes of each area. */
export const errorAreas: Readonly<Record<ErrorArea, readonly ErrorCode[]>> = {
  general: codesOf(generalCodes),
  storage: codesOf(storageCodes),
  backup: codesOf(backupCodes),
  plugin: codesOf(pluginCodes),
  kafka: codesOf(kafkaCodes),
}

/** Descriptions of all error codes. */
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
