import type {
  Clock,
  KeyPrefix,
  Random,
  StorageBackend,
  StorageCapabilities,
} from '@kannery/storage'
import { ContractViolation, nameOf } from './expectations.ts'

/** One promise of the contract, with the code that tries it on a storage. */
export interface ContractCase {
  /** Name of the case, a sentence about storages. No other case has it. */
  readonly name: string
  /**
   * Capabilities that {@link run} needs. If the storage lacks one of them, {@link refuse} runs
   * instead: a storage has to refuse what it lacks, not imitate it. Defaults to none.
   */
  readonly needs?: readonly (keyof StorageCapabilities)[]
  /** Tries the promise. Rejects with a {@link ContractViolation} if it is broken. */
  run(context: CaseContext): Promise<void>
  /**
   * Checks that the storage refuses with STORAGE_UNSUPPORTED what it lacks. Rejects with a
   * {@link ContractViolation} if it does not. Every case with `needs` has it.
   */
  refuse?(context: CaseContext): Promise<void>
}

/** The storage that a case tries, and what the case needs beside it. */
export interface CaseContext {
  /** Opens another client of the same storage each time. The case closes it. */
  open(): Promise<StorageBackend>
  /** Folder that no other case uses, and that is empty when the case begins. */
  readonly prefix: KeyPrefix
  /** Source of randomness for the ranges that are read. */
  readonly random: Random
  /**
   * Clock for the pauses between writes of one key, and for the time until which an object is
   * locked. It need not be the storage's, but close to it.
   */
  readonly clock: Clock
}

/**
 * Runs a case, or its refusal if the storage lacks a capability that the case needs, and deletes
 * what it wrote as far as possible.
 *
 * @throws ContractViolation saying which promise was broken, and how; any other error of the
 *   storage is its cause
 */
export async function runCase(contractCase: ContractCase, context: CaseContext): Promise<void> {
  await using storage = await context.open()
  try {
    await (await choose(contractCase, storage))(context)
  } catch (error) {
    throw error instanceof ContractViolation ? error : unexpected(error)
  } finally {
    await removeAll(storage, context.prefix).catch(() => undefined)
  }
}

/** Deletes all objects below `prefix`. */
export async function removeAll(storage: StorageBackend, prefix: KeyPrefix): Promise<void> {
  const keys = async function* () {
    for await (const entry of storage.list(prefix, { depth: 'all' })) {
      if (entry.kind === 'object') yield entry.info.key
    }
  }
  for await (const { error } of storage.deleteMany(keys())) if (error !== undefined) throw error
}

async function choose(
  contractCase: ContractCase,
  storage: StorageBackend,
): Promise<(context: CaseContext) => Promise<void>> {
  const missing = contractCase.needs?.filter((need) => storage.capabilities[need] === false) ?? []
  if (missing.length === 0) return (context) => contractCase.run(context)
  if (contractCase.refuse !== undefined) {
    return async (context) => await contractCase.refuse?.(context)
  }
  throw new ContractViolation(`needs ${missing.join(', ')}, and there is no way around it`)
}

function unexpected(error: unknown): ContractViolation {
  return new ContractViolation(`an unexpected error: ${nameOf(error)}`, { cause: error })
}
