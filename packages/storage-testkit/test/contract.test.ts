import { keyPrefix, type StorageBackend, type StorageCapabilities } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { describe, expect, test } from 'vitest'
import {
  type CaseContext,
  type ContractCase,
  ContractViolation,
  MemoryStorage,
  missingContainerContract,
  runCase,
  seededRandom,
  storageContract,
  TestClock,
} from '../src/index.ts'
import { breakages } from './breakages.ts'
import type { Breakage } from './broken-storages.ts'
import { refusalBreakages } from './refusal-breakages.ts'

const cases = [...storageContract, ...missingContainerContract]
const casesWithNeeds = cases.filter((one) => 'needs' in one)

/** A memory that can all that a case may need. */
function ableWorld(contractCase: ContractCase): MemoryStorage {
  return worldOf(contractCase, { retainUntil: true })
}

/** A memory that can nothing of what a case needs. */
function lackingWorld(contractCase: ContractCase): MemoryStorage {
  const { needs = [] } = contractCase
  return worldOf(contractCase, Object.fromEntries(needs.map((need) => [need, false])))
}

function worldOf(
  contractCase: ContractCase,
  capabilities: Partial<StorageCapabilities>,
): MemoryStorage {
  const clock = new TestClock()
  return missingContainerContract.includes(contractCase)
    ? MemoryStorage.missing(clock)
    : MemoryStorage.open({ clock, capabilities })
}

function contextOf(
  world: MemoryStorage,
  around: (memory: MemoryStorage) => StorageBackend = (memory) => memory,
): CaseContext {
  return {
    open: async () => around(world.anotherHandle()),
    prefix: keyPrefix('scratch/'),
    random: seededRandom(1),
    clock: new TestClock(),
  }
}

function violation(contractCase: ContractCase, world: MemoryStorage, broken: Breakage | undefined) {
  return expect(runCase(contractCase, contextOf(world, broken))).rejects.toBeInstanceOf(
    ContractViolation,
  )
}

describe('the storage in memory', () => {
  test('keeps all promises when it answers in whole seconds, with the time', async () => {
    for (const contractCase of storageContract) {
      const clock = new TestClock(Date.UTC(2026, 0, 1) + 999)
      const world = MemoryStorage.open({ clock, lastModifiedStepMs: 1000, reportsTime: true })
      await runCase(contractCase, contextOf(world))
    }
  })

  test.each(cases)('keeps the promise: $name', async (contractCase) => {
    const world = ableWorld(contractCase)
    await runCase(contractCase, contextOf(world))
    expect([...world.contents().keys()]).toEqual([])
  })

  test.each(casesWithNeeds)('refuses what it lacks: $name', async (contractCase) => {
    await runCase(contractCase, contextOf(lackingWorld(contractCase)))
  })

  test.each(cases)('keeps the promise when it is decorated: $name', async (contractCase) => {
    const clock = new TestClock()
    const [random, prefix] = [seededRandom(2), keyPrefix('below/')]
    const world = ableWorld(contractCase)
    const context = contextOf(world, (memory) => decorate(memory, { clock, random, prefix }))
    await runCase(contractCase, context)
  })
})

describe('a broken storage', () => {
  test.each(cases)('is found out if it breaks the promise: $name', async (contractCase) => {
    await violation(contractCase, ableWorld(contractCase), breakages[contractCase.name])
  })

  test.each(casesWithNeeds)(
    'is found out if it imitates what it lacks: $name',
    async (contractCase) => {
      const breakage = refusalBreakages[contractCase.name]
      await violation(contractCase, lackingWorld(contractCase), breakage)
    },
  )
})

describe('the list of cases', () => {
  test('each case has a name of its own', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  test('each case that needs a capability says how its absence is to be detected', () => {
    for (const one of cases) expect('refuse' in one).toBe('needs' in one)
  })

  test('each case has a breakage, and no breakage is left over', () => {
    const names = (some: readonly ContractCase[]): string[] =>
      some.map(({ name }) => name).toSorted()

    expect(Object.keys(breakages).toSorted()).toEqual(names(cases))
    expect(Object.keys(refusalBreakages).toSorted()).toEqual(names(casesWithNeeds))
  })
})
