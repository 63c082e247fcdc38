import { BrokerReader, type BrokerReaderOptions } from './broker-reader.ts'
import type { PartitionCursor } from './partition-cursor.ts'

/** Keeps one reader for each broker that leads a partition. */
export class BrokerReaders {
  readonly #options: Omit<BrokerReaderOptions, 'broker'>
  readonly #readers = new Map<number, BrokerReader>()
  readonly #running: Promise<void>[] = []

  constructor(options: Omit<BrokerReaderOptions, 'broker'>) {
    this.#options = options
  }

  /** Has the partition read from its leader from now on. */
  assign(cursor: PartitionCursor): void {
    const { leadership } = cursor
    if (leadership !== undefined) this.#readerOf(leadership.broker).assign(cursor)
  }

  /** Resolves when all readers have stopped, after the signal is aborted. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  #readerOf(broker: number): BrokerReader {
    const known = this.#readers.get(broker)
    if (known !== undefined) return known
    const reader = new BrokerReader({ ...this.#options, broker })
    this.#readers.set(broker, reader)
    this.#running.push(reader.run())
    return reader
  }
}
