import type { ChunkCodec } from '@kannery/core'
import { ByteBudget } from './byte-budget.ts'
import { ChunkEncoder } from './chunk-encoder.ts'
import { ChunkMemory } from './chunk-memory.ts'

/** What holds memory until it is written out. */
export interface MemoryHolder {
  readonly openBytes: number
  readonly sealedBytes: number
  seal(): void
}

export interface WorkerMemoryOptions {
  readonly budgetBytes: number
  readonly brokers: number
  readonly codec: ChunkCodec
  readonly holders: () => Iterable<MemoryHolder>
  readonly signal: AbortSignal
}

const leastFetchBytes = 1024 * 1024
/** More makes a fetch no faster. */
const greatestFetchBytes = 16 * 1024 * 1024
/** Two answers of each broker may be in memory at a time. */
const answersPerBroker = 2

/** Shares one budget between the answers of the brokers and the chunks that are made of them. */
export class WorkerMemory {
  readonly chunks: ChunkMemory = new ChunkMemory()
  readonly encoder: ChunkEncoder
  readonly budget: ByteBudget
  /** How much one answer of a broker may hold. */
  readonly fetchBytes: number
  readonly #holders: () => Iterable<MemoryHolder>
  readonly #limitBytes: number

  constructor({ budgetBytes, brokers, codec, holders, signal }: WorkerMemoryOptions) {
    const share = Math.floor(budgetBytes / (4 * answersPerBroker * Math.max(brokers, 1)))
    this.fetchBytes = Math.min(greatestFetchBytes, Math.max(leastFetchBytes, share))
    const answers = answersPerBroker * this.fetchBytes * brokers
    this.#limitBytes = Math.max(budgetBytes - answers, Math.floor(budgetBytes / 4))
    this.#holders = holders
    this.encoder = new ChunkEncoder(codec, this.chunks)
    this.budget = new ByteBudget({
      memory: this.chunks,
      limitBytes: this.#limitBytes,
      pendingBytes: () => this.encoder.pendingBytes,
      relieve: () => this.relieve(),
      signal,
    })
  }

  /** Has the largest open segments written out when they fill half of the memory: the other half is filled meanwhile. */
  relieveEarly(): void {
    if (this.chunks.used > this.#limitBytes / 2) this.#sealLargest(this.#limitBytes / 2)
  }

  /** Has something written out, if nothing is on its way. */
  relieve(): void {
    this.#sealLargest(0)
  }

  /** Seals until what is open and not on its way is at most `openLimit`, or something is on its way. */
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
