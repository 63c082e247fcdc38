/** What the workers of torture.test.ts count together: each update names its author. */
export interface Counter {
  readonly n: number
  readonly by: Readonly<Record<string, number>>
}

export const counterKey = 'topic/index'
export const lockKey = 'topic/__lease'
/** A folder outside the storage that exists while a worker holds the lock. */
export const heldName = 'held'
