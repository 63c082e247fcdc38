import type { StorageBackend } from '@kannery/storage'

/** Where one object is put and got, and how to prove who we are. */
export interface TransferTarget {
  readonly endpoint: string
  /** Or container. */
  readonly bucket: string
  readonly credentials?: Readonly<Record<string, string>>
}

/**
 * A provider's storage, by Kannery's backend and by what the provider's SDK has for large objects.
 */
export interface Peer {
  openBackend(target: TransferTarget): Promise<StorageBackend>
  putBySdk(
    target: TransferTarget,
    key: string,
    pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<void>
  /**
   * The same in parts that are acknowledged one by one, as our writer sends them; where the helper
   * does not do so anyway.
   */
  putInPartsBySdk?(target: TransferTarget, key: string, pieces: Iterable<Buffer>): Promise<void>
  getBySdk(target: TransferTarget, key: string): Promise<AsyncIterable<Uint8Array>>
}

/** What a backend is opened with: one attempt each, as it comes. */
export const context = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds)),
  },
  random: { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
  access: 'write',
  userAgent: 'kannery-bench',
} as const
