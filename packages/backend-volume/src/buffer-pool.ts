/** Pieces of about 4 MiB cost half the system time of pieces of 1 MiB on ext4. */
export const pieceBytes: number = 4 * 1024 * 1024

/** Two writers at a time, with two pieces each. */
const mostFree = 4

/**
 * Whole pieces that no writer uses at the moment. A writer that takes fresh memory for each object
 * keeps the garbage collector busy: it cost a quarter of the processor's time of a backup.
 */
export class PiecePool {
  readonly #free: Buffer[] = []

  /** `pieceBytes` long. undefined when there is none. */
  take(): Buffer | undefined {
    return this.#free.pop()
  }

  /** Nobody writes it any more. */
  giveBack(piece: Buffer): void {
    if (piece.length === pieceBytes && this.#free.length < mostFree) this.#free.push(piece)
  }
}
