import { Semaphore } from '../../concurrency/semaphore.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { FetchGate } from './fetch-gate.ts'

/** Something that holds chunks in memory until it writes them out: a topic. */
export interface MemoryHolder {
  /** Bytes that `seal` would write out. */
  readonly openBytes: number
  /** Bytes that are being written out. */
  readonly sealedBytes: number
  /** Has everything written out. */
  seal(): void
}

/** What sharing the memory of a worker needs. */
interface WorkerMemoryOptions {
  /** Bound for answers, chunks and uploads together, bytes. */
  readonly budgetBytes: number
  /** Number of brokers that are read at a time. */
  readonly brokers: number
  /** What can be written out when memory runs short: the topics that are being backed up. */
  readonly holders: () => Iterable<MemoryHolder>
  /** Bytes that are being compressed at the moment. */
  readonly pendingBytes: () => number
  /** Lets every waiting fetch pass when it is aborted. */
  readonly signal: AbortSignal
}

const leastFetchBytes = 1024 * 1024
/** A larger answer is no faster. */
const greatestFetchBytes = 16 * 1024 * 1024
/** Two answers of each broker may be in memory at a time. */
const answersPerBroker = 2
/** S3 accepts no part below 5 MiB. */
const leastWriterBytes = 8 * 1024 * 1024
const greatestWriterBytes = 32 * 1024 * 1024
/** Shares of the budget for all answers together and for all uploads together. */
const answersShare = 1 / 4
const writersShare = 1 / 8

/** How many uploads may run at a time, and how much memory each may use. */
export interface Uploads {
  readonly slots: Semaphore
  readonly writerBytes: number
}

/**
 * Shares one budget between the answers of the brokers, the chunks made of them, and the uploads.
 */
export class WorkerMemory {
  readonly chunks: ChunkMemory
  readonly gate: FetchGate
  readonly uploads: Uploads
  /** Bound for one answer of a broker, bytes. */
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
    // With very many brokers nothing would be left. Exceeding the budget is better than to stand
    // still.
    const rest = budgetBytes - answers * this.fetchBytes - writers * writerBytes
    this.#limitBytes = Math.max(rest, Math.floor(budgetBytes / 4))
    // Answers of all brokers may come at once; they are copied as tightly as they came.
    const asked = Math.max(brokers, 1) * this.fetchBytes
    this.chunks = new ChunkMemory({
      limitBytes: this.#limitBytes,
      spareBelowBytes: this.#limitBytes - asked,
    })
    this.#holders = holders
    this.gate = new FetchGate({
      memory: this.chunks,
      // A fetch that passes the gate does not count what the other brokers were asked for.
      limitBytes: Math.max(this.#limitBytes - asked + this.fetchBytes, this.fetchBytes),
      pendingBytes,
      relieve: () => this.relieve(),
      signal,
    })
  }

  /**
   * Has the largest open segments written out when half of the memory is full: the other half is
   * filled in the meantime.
   */
  relieveEarly(): void {
    if (this.chunks.used > this.#limitBytes / 2) this.#sealLargest(this.#limitBytes / 2)
  }

  /** Has something written out, unless something is being written out already. */
  relieve(): void {
    this.#sealLargest(0)
  }

  /**
   * Seals segments, the largest first, until at most `openLimit` bytes are open or enough is being
   * written out.
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
