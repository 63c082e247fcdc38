import { objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import { FaultyStorage, MemoryStorage, seededRandom, TestClock } from '../src/index.ts'

export const key = objectKey('orders/index')
export const ifAbsent = { condition: { kind: 'if-absent' } } as const
/** Of an error after which the same request may be sent again. */
export const again = { retry: 'same-request' } as const
export const bytes = (content: string): Uint8Array => Buffer.from(content)

export interface RetryWorld {
  readonly clock: TestClock
  readonly world: MemoryStorage
  /** The way there, on which calls go wrong as planned. */
  readonly faulty: FaultyStorage
  /** Repeats what goes wrong. */
  readonly storage: StorageBackend
}

export function newRetryWorld(): RetryWorld {
  const clock = new TestClock()
  const world = MemoryStorage.open({ clock })
  const faulty = new FaultyStorage(world, { clock })
  return { clock, world, faulty, storage: decorate(faulty, { clock, random: seededRandom(1) }) }
}

/** What is there under {@link key}. */
export async function contentOf(world: MemoryStorage): Promise<string | undefined> {
  const found = await readObject(world, key)
  return found && Buffer.from(found.bytes).toString()
}

export function countOf(faulty: FaultyStorage, operation: string): number {
  return faulty.faults.calls.filter((call) => call.operation === operation).length
}
