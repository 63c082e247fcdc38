export { deletePruned, type Pruned } from './delete-pruned.ts'
export { findOrphans, markOrphans } from './orphans.ts'
