/**
 * At both ends of a segment. The first byte and the line ends show a copy that was made as text, or
 * cut, at once.
 */
export const magic: Uint8Array = Uint8Array.of(0x89, 0x4b, 0x41, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a)

/** "CHNK": begins a chunk, so that chunks can be found without a table. */
export const chunkMagic: Uint8Array = Uint8Array.of(0x43, 0x48, 0x4e, 0x4b)

/**
 * Features that a segment may require of its reader (`requires.read`). Format 1 began without any.
 */
export const knownFeatures: ReadonlySet<string> = new Set()

export const chunkHeaderBytes = 68
/** Footer length, footer checksum, magic. */
export const trailerBytes = 16

/**
 * No topic has as many partitions: Kafka's own limit is about that of a whole cluster (KIP-500).
 * More in a file would make its readers fill their memory with empty partitions.
 */
export const maxPartitions: number = 1_000_000

/** A batch comes in one Kafka answer, and no answer may be longer than this. */
export const maxChunkBytes: number = 256 * 1024 * 1024
export const maxHeaderBytes: number = 64 * 1024
export const maxFooterBytes: number = 64 * 1024 * 1024
/** More would make a footer that nobody wants to parse: the writer is full before. */
export const maxChunks: number = 65_536
export const maxAbortedRanges: number = 524_288
