export { type AcquireOptions, Worker, type WorkerOptions } from './worker.ts'
export { type CommitChange, type NewIncarnation, WriterSession } from './writer-session.ts'
