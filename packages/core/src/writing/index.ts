export type { CommitChange } from './commit-change.ts'
export type { NewIncarnation } from './new-incarnation.ts'
export { type AcquireOptions, Worker, type WorkerOptions } from './worker.ts'
export { WriterSession } from './writer-session.ts'
