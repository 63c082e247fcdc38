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
  const progress: ListingProgress = storage.capabilities.orderedList
    ? new OrderedProgress()
    : new UnorderedProgress()
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
        if (progress.wasYielded(name)) continue
        progress.add(name)
        yield entry
        deadline.renew()
      }
      return
    } catch (error) {
      await deadline.pauseAfter(error)
      current = progress.resume(options)
    }
  }
}

/** Entries that a listing has yielded, across its attempts. */
interface ListingProgress {
  add(name: string): void
  /** Returns whether the entry was yielded before the listing broke off. */
  wasYielded(name: string): boolean
  /** Returns the options of the next attempt. */
  resume(options: ListOptions): ListOptions
}

class OrderedProgress implements ListingProgress {
  #last: string | undefined
  #lastBeforeBreak: string | undefined

  add(name: string): void {
    this.#last = name
  }

  wasYielded(name: string): boolean {
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

class UnorderedProgress implements ListingProgress {
  readonly #names = new Set<string>()

  add(name: string): void {
    this.#names.add(name)
  }

  wasYielded(name: string): boolean {
    return this.#names.has(name)
  }

  resume(options: ListOptions): ListOptions {
    return options
  }
}
