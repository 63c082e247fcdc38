import type { ListEntry, ListOptions, StorageBackend } from '../../../backend.ts'
import { eitherSignal } from '../../../concurrency/abort-signals.ts'
import { compareKeys, type KeyPrefix, type ObjectKey } from '../../../object-key.ts'
import { withItemTimeout } from './item-timeout.ts'
import type { RetryDeadline } from './retry-deadline.ts'

/**
 * Lists objects, and begins a listing that broke off again after the last entry. If the store does
 * not list in order, it begins from the start and leaves out the entries that were yielded already.
 */
export async function* listPersistently(
  storage: StorageBackend,
  prefix: KeyPrefix,
  options: ListOptions,
  deadline: RetryDeadline,
): AsyncGenerator<ListEntry> {
  const told: Told = storage.capabilities.orderedList ? new ToldInOrder() : new ToldSomehow()
  let current = options
  for (;;) {
    try {
      const attempt = current
      const entries = withItemTimeout(
        (over) => storage.list(prefix, { ...attempt, signal: eitherSignal(options.signal, over) }),
        deadline,
      )
      for await (const entry of entries) {
        const name = entry.kind === 'object' ? entry.info.key : entry.prefix
        if (told.before(name)) continue
        told.note(name)
        yield entry
        deadline.renew()
      }
      return
    } catch (error) {
      await deadline.pauseAfter(error)
      current = told.resume(options)
    }
  }
}

interface Told {
  note(name: string): void
  /** Whether the entry was yielded before the listing broke off. */
  before(name: string): boolean
  resume(options: ListOptions): ListOptions
}

class ToldInOrder implements Told {
  #last: string | undefined
  #lastBeforeBreak: string | undefined

  note(name: string): void {
    this.#last = name
  }

  before(name: string): boolean {
    return this.#lastBeforeBreak !== undefined && compareKeys(name, this.#lastBeforeBreak) <= 0
  }

  resume(options: ListOptions): ListOptions {
    const last = this.#last
    this.#lastBeforeBreak = last
    // A listing starts after a key, and a folder is none.
    if (last === undefined || last.endsWith('/')) return options
    return { ...options, startAfter: last as ObjectKey }
  }
}

class ToldSomehow implements Told {
  readonly #names = new Set<string>()

  note(name: string): void {
    this.#names.add(name)
  }

  before(name: string): boolean {
    return this.#names.has(name)
  }

  resume(options: ListOptions): ListOptions {
    return options
  }
}
