export { BackupUse, type UseOptions, type UseTiming } from './backup-use.ts'
export {
  type Deletable,
  type DueOptions,
  defaultRetentionTiming,
  dueForDeletion,
  dueForMark,
  isHeld,
  type RetentionTiming,
} from './due.ts'
export { addHold, type EditOptions, type Hold, readHolds, removeHold } from './holds.ts'
export type { KeepRules } from './keep-rules.ts'
export { addPoint, type Point, readPoints, removePoint, thinPoints } from './points.ts'
export {
  markExpired,
  type PruneOptions,
  type TakenBack,
  takeBackExpired,
} from './prune.ts'
export { parseRetention, type Retention } from './retention.ts'
