import { syncFolder } from './durable.ts'
import type { FileSystem } from './file-system.ts'

/**
 * The names that this process created or removed since it last flushed their folder. A look at
 * such a name flushes first: a caller that looks because an answer did not come would otherwise
 * take for durable what a power failure may undo.
 */
export class UnflushedNames {
  readonly #files: FileSystem
  /** By path: the number of its last change. */
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
   * Makes the changes of `paths`, which are in `folder`, durable. When it fails, they count as
   * unflushed as before.
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
