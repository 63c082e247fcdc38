export { MemoryStorage, type MemoryStorageOptions } from './memory/memory-storage.ts'
export { type SeededRandom, seededRandom } from './world/seeded-random.ts'
export { TestClock } from './world/test-clock.ts'
