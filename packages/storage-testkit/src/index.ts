export { storageContract } from './contract/contract.ts'
export { type CaseContext, type ContractCase, runCase } from './contract/contract-case.ts'
export { ContractViolation } from './contract/expectations.ts'
export { missingContainerContract } from './contract/missing-container.ts'
export type { CalledOperation, Fault, FaultRule, StorageCall } from './faulty/fault.ts'
export {
  atCall,
  FaultPlan,
  type NamedCall,
  type SeededFaultsOptions,
  seededFaults,
} from './faulty/fault-plan.ts'
export { FaultyStorage } from './faulty/faulty-storage.ts'
export { MemoryStorage, type MemoryStorageOptions } from './memory/memory-storage.ts'
export { realClock, realRandom } from './world/real-environment.ts'
export { type SeededRandom, seededRandom } from './world/seeded-random.ts'
export { TestClock } from './world/test-clock.ts'
