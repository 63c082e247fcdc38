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
  /** Name that reads as a sentence about a storage. */
  readonly name: string
  /**
   * Capabilities without which {@link refuse} runs instead: a storage has to refuse what it lacks,
   * not imitate it.
   */
  readonly needs?: readonly (keyof StorageCapabilities)[]
  run(context: CaseContext): Promise<void>
  refuse?(context: CaseContext): Promise<void>
}

/** What a case gets to try a storage. */
export interface CaseContext {
  /** Returns another client of the same storage each time. The case closes it. */
  open(): Promise<StorageBackend>
  /** Folder of the case alone, which is empty when the case begins. */
  readonly prefix: KeyPrefix
  readonly random: Random
  /** Clock to wait by; it need not be the storage's. */
  readonly clock: Clock
}

/**
 * Runs a case, or its refusal where the storage lacks what it needs, and removes what it wrote.
 *
 * @throws ContractViolation saying which promise was broken, and how
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
