import { Semaphore } from '../../concurrency/semaphore.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { FetchGate } from './fetch-gate.ts'

/** What holds memory until it is written out. */
export interface MemoryHolder {
  readonly openBytes: number
  readonly sealedBytes: number
  seal(): void
}

export interface WorkerMemoryOptions {
  readonly budgetBytes: number
  readonly brokers: number
  /** What can be written out when memory runs short: the topics that are being backed up. */
  readonly holders: () => Iterable<MemoryHolder>
  /** Bytes that are being compressed at the moment. */
  readonly pendingBytes: () => number
  readonly signal: AbortSignal
}

const leastFetchBytes = 1024 * 1024
/** More makes a fetch no faster. */
const greatestFetchBytes = 16 * 1024 * 1024
/** Two answers of each broker may be in memory at a time. */
const answersPerBroker = 2
/** S3 takes no part below 5 MiB. */
const leastWriterBytes = 8 * 1024 * 1024
const greatestWriterBytes = 32 * 1024 * 1024
/** Of the budget: all answers together, all writers together. */
const answersShare = 1 / 4
const writersShare = 1 / 8

/** How many uploads may be under way, and what the writer of each may hold in memory. */
export interface Uploads {
  readonly slots: Semaphore
  readonly writerBytes: number
}

/**
 * Shares one budget between the answers of the brokers, the chunks that are made of them, and the
 * uploads.
 */
export class WorkerMemory {
  readonly chunks: ChunkMemory
  readonly gate: FetchGate
  readonly uploads: Uploads
  /** How much one answer of a broker may hold. */
  readonly fetchBytes: number
  readonly #holders: () => Iterable<MemoryHolder>
  readonly #limitBytes: number

  constructor({ budgetBytes, brokers, holders, pendingBytes, signal }: WorkerMemoryOptions) {
    const answers = answersPerBroker * Math.max(brokers, 1)
    const fetchShare = Math.floor((budgetBytes * answersShare) / answers)
    this.fetchBytes = clamp(fetchShare, leastFetchBytes, greatestFetchBytes)
    const writersBytes = Math.floor(budgetBytes * writersShare)
    const writerBytes = clamp(writersBytes / 2, leastWriterBytes, greatestWriterBytes)
    const writers = Math.max(1, Math.floor(writersBytes / writerBytes))
    this.uploads = { slots: new Semaphore(writers), writerBytes }
    // So many brokers that nothing would be left: better more than was asked for than nothing at
    // all.
    const rest = budgetBytes - answers * this.fetchBytes - writers * writerBytes
    this.#limitBytes = Math.max(rest, Math.floor(budgetBytes / 4))
    // What every broker is asked for may come at once; it is copied as tightly as it came.
    const asked = Math.max(brokers, 1) * this.fetchBytes
    this.chunks = new ChunkMemory({
      limitBytes: this.#limitBytes,
      spareBelowBytes: this.#limitBytes - asked,
    })
    this.#holders = holders
    this.gate = new FetchGate({
      memory: this.chunks,
      // Who is let in knows nothing of what the other brokers were asked for.
      limitBytes: Math.max(this.#limitBytes - asked + this.fetchBytes, this.fetchBytes),
      pendingBytes,
      relieve: () => this.relieve(),
      signal,
    })
  }

  /**
   * Has the largest open segments written out when they fill half of the memory: the other half is
   * filled meanwhile.
   */
  relieveEarly(): void {
    if (this.chunks.used > this.#limitBytes / 2) this.#sealLargest(this.#limitBytes / 2)
  }

  /** Has something written out, if nothing is on its way. */
  relieve(): void {
    this.#sealLargest(0)
  }

  /**
   * Seals until what is open and not on its way is at most `openLimit`, or something is on its way.
   */
  #sealLargest(openLimit: number): void {
    const holders = [...this.#holders()]
    let open = holders.reduce((sum, holder) => sum + holder.openBytes, 0)
    let sealed = holders.reduce((sum, holder) => sum + holder.sealedBytes, 0)
    holders.sort((one, other) => other.openBytes - one.openBytes)
    for (const holder of holders) {
      const { openBytes } = holder
      if (openBytes === 0 || open <= openLimit || sealed > this.#limitBytes / 4) return
      holder.seal()
      open -= openBytes
      sealed += openBytes
    }
  }
}

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(greatest, Math.max(least, value))
}
