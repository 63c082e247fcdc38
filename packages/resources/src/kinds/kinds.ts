import type { z } from 'zod'
import { type Backup, type BackupDocument, backupSchema } from './backup.ts'
import {
  type KafkaCluster,
  type KafkaClusterDocument,
  kafkaClusterSchema,
} from './kafka-cluster.ts'
import { type Restore, type RestoreDocument, restoreSchema } from './restore.ts'
import { type Storage, type StorageDocument, storageSchema } from './storage.ts'

/** A document of any kind, checked, with its values read and its defaults filled in. */
export type Resource = Storage | KafkaCluster | Backup | Restore

/** A document of any kind, as it is written. */
export type ResourceDocument =
  | StorageDocument
  | KafkaClusterDocument
  | BackupDocument
  | RestoreDocument

export type ResourceKind = Resource['kind']

/** The schema of each kind. */
export const schemas = {
  Storage: storageSchema,
  KafkaCluster: kafkaClusterSchema,
  Backup: backupSchema,
  Restore: restoreSchema,
} as const satisfies Readonly<Record<ResourceKind, z.ZodType>>

/** The kinds, in the order in which they are explained. */
export const resourceKinds = Object.keys(schemas) as readonly ResourceKind[]
