export type { Holder } from './errors.ts'
export { breakLease, listLeases, readHolder } from './list-leases.ts'
export { type SweepOptions, sweepHeartbeats } from './sweep-heartbeats.ts'
export type { LeaseTiming } from './timing.ts'
