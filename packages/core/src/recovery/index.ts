export type { RecoverySource, Verdicts } from './adoption.ts'
