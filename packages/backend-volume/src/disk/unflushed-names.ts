import { syncFolder } from './durable.ts'
import type { FileSystem } from './file-system.ts'

/**
 * Names that this process gave or removed since it last flushed their folder. A look at such a name
 * flushes first: a caller that looks because an answer did not come would otherwise take for
 * durable what a power failure undoes.
 */
export class UnflushedNames {
  readonly #files: FileSystem
  /** The last change of each path. */
  readonly #changes = new Map<string, number>()
  #lastChange = 0

  constructor(files: FileSystem) {
    this.#files = files
  }

  /** Called before the change: its answer may never come. */
  add(path: string): void {
    this.#changes.set(path, ++this.#lastChange)
  }

  /**
   * Makes changes of `paths`, which lie in `folder`, durable. They stay unflushed when it fails.
   */
  async flush(folder: string, paths: readonly string[]): Promise<void> {
    const changed = paths.flatMap((path) => {
      const change = this.#changes.get(path)
      return change === undefined ? [] : [[path, change] as const]
    })
    if (changed.length === 0) return
    await syncFolder(this.#files, folder)
    for (const [path, change] of changed) {
      if (this.#changes.get(path) === change) this.#changes.delete(path)
    }
  }
}
