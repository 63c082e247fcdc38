/**
 * Magic bytes at both ends of a segment. The first byte and the line ends reveal a copy that was
 * made as text or was truncated.
 */
export const magic: Uint8Array = Uint8Array.of(0x89, 0x4b, 0x41, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a)

/** "CHNK": magic bytes at the start of a chunk, by which chunks are found without a table. */
export const chunkMagic: Uint8Array = Uint8Array.of(0x43, 0x48, 0x4e, 0x4b)

/**
 * Features that a segment may require of its reader (`requires.read`). Format 1 began without any.
 */
export const knownFeatures: ReadonlySet<string> = new Set()

export const chunkHeaderBytes = 68
/** Length of the end of a segment: footer length, footer checksum, magic bytes. */
export const trailerBytes = 16

/**
 * The most partitions of a topic, which is about Kafka's limit for a whole cluster (KIP-500). A
 * larger number in a file would fill the memory of its readers with empty partitions.
 */
export const maxPartitions: number = 1_000_000

/**
 * The most bytes of a chunk. A batch comes in one response of Kafka, and none is longer than this.
 */
export const maxChunkBytes: number = 256 * 1024 * 1024
export const maxHeaderBytes: number = 64 * 1024
export const maxFooterBytes: number = 64 * 1024 * 1024
/** The most chunks of a segment, so that its footer can be parsed quickly. */
export const maxChunks: number = 65_536
/** The most aborted transactions in a footer. */
export const maxAbortedRanges: number = 524_288

/** Returns a buffer of exactly `length` bytes, which need not be cleared. */
export type Allocate = (length: number) => Uint8Array

/** Allocates memory that nothing else uses. */
export const ownMemory: Allocate = (length) => Buffer.allocUnsafeSlow(length)
