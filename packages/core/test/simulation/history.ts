import { KanneryError, objectKey } from '@kannery/storage'
import {
  type Fault,
  type SeededRandom,
  type StorageCall,
  seededRandom,
} from '@kannery/storage-testkit'
import { topicKeys, type WriterSession } from '../../src/index.ts'
import { captured, cluster, days, incarnation, minutes, seconds, World } from '../world.ts'
import { Ledger } from './ledger.ts'

export const topic = 'orders'
const keys = topicKeys(topic)

/** The requests by which steps of acquire, recover and commit reach the storage. */
export const steps = {
  'look at the lease': ({ operation, key }) => operation === 'get' && key === keys.lease,
  'write the lease': ({ operation, key }) => operation === 'put' && key === keys.lease,
  'read the index': ({ operation, key }) => operation === 'get' && key === keys.index,
  'list what is there': ({ operation }) => operation === 'list',
  'upload a segment': ({ operation, key }) => operation === 'put' && key.endsWith('.kan'),
  'replace the index': ({ operation, key }) => operation === 'put' && key === keys.index,
} satisfies Record<string, (call: StorageCall) => boolean>

const requestFaults = {
  'answer lost': { kind: 'lose-answer' },
  'answer late': { kind: 'answer-late', milliseconds: minutes(6) },
  'arrives past a successor': { kind: 'delay', milliseconds: minutes(6) },
} satisfies Record<string, Fault>

export const faultNames = [
  'crash',
  ...(Object.keys(requestFaults) as (keyof typeof requestFaults)[]),
  'clock a day behind',
  'lease deleted',
  'index deleted',
  'folder deleted',
] as const

export type Step = keyof typeof steps
export type FaultName = (typeof faultNames)[number]

export interface History {
  readonly lines: readonly string[]
  /** What happened, as `step × fault`. */
  readonly cells: readonly string[]
  /** The first invariant that did not hold. */
  readonly violation: string | undefined
}

/** One world under one seed: three processes write a topic while things go wrong. */
export async function simulate(seed: number): Promise<History> {
  return await new Simulation(seed).run()
}

interface Process {
  readonly name: string
  session: WriterSession | undefined
  busy: boolean
  dead: boolean
}

class Simulation {
  readonly #random: SeededRandom
  readonly #world: World
  readonly #ledger: Ledger
  readonly #lines: string[] = []
  readonly #cells: string[] = []
  readonly #processes: Process[] = []
  #defect: string | undefined
  #removedIndex: Uint8Array | undefined

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#world = new World({ seed, onStored: (key, body) => this.#ledger.stored(key, body) })
    this.#ledger = new Ledger(this.#world.memory)
    for (let count = 0; count < 3; count++) this.#startProcess()
  }

  async run(): Promise<History> {
    let violation: string | undefined
    for (let turn = 0; turn < 16 && violation === undefined; turn++) {
      await this.#turn()
      await this.#world.pass(this.#random.pick([seconds(1), seconds(90), minutes(7)]))
      violation = this.#defect ?? (await this.#ledger.violation())
    }
    if (violation !== undefined) this.#tell(`VIOLATED: ${violation}`)
    return { lines: this.#lines, cells: this.#cells, violation }
  }

  async #turn(): Promise<void> {
    if (this.#removedIndex !== undefined && this.#random.chance(0.5)) await this.#restoreIndex()
    const idle = this.#processes.filter(({ busy, dead }) => !busy && !dead)
    if (idle.length === 0) {
      this.#startProcess()
      return
    }
    const process = this.#random.pick(idle)
    if (this.#random.chance(0.5)) this.#planFault(process)
    process.busy = true
    void this.#work(process)
  }

  #startProcess(): void {
    const name = `p${this.#processes.length + 1}`
    this.#processes.push({ name, session: undefined, busy: false, dead: false })
  }

  async #work(process: Process): Promise<void> {
    try {
      if (process.session === undefined) await this.#acquire(process)
      else if (this.#random.chance(0.1)) await this.#release(process, process.session)
      else await this.#commit(process, process.session)
    } catch (error) {
      if (KanneryError.is(error) && error.code !== 'INTERNAL') {
        this.#tell(`${process.name}: ${error.code}`)
        const { session } = process
        process.session = undefined
        await session?.release().catch((failed: unknown) => this.#note(failed))
      } else this.#note(error)
    }
    process.busy = false
  }

  async #acquire(process: Process): Promise<void> {
    const { clock } = this.#world
    const { generation } = this.#ledger
    const behind = this.#random.chance(0.2)
    const options = behind ? { clock: clock.skewed(-days(1)) } : {}
    if (behind) this.#count('whole process', 'clock a day behind')
    const worker = await this.#world.worker(process.name, options)
    const session = await worker.acquire(topic, { cluster })
    process.session = session
    this.#defect ??= this.#ledger.acquire(generation, session.epoch)
    this.#tell(`${process.name}: acquired, epoch ${session.epoch}`)
    const source = { topicId: 'topic-id', canServe: async () => true, agrees: async () => true }
    await session.recover(source)
    if (session.index.incarnations.length === 0) await session.beginIncarnation(incarnation(1))
  }

  async #commit(process: Process, session: WriterSession): Promise<void> {
    const { generation } = this.#ledger
    const from = session.nextOffsets().get(0) ?? 0
    const change = captured(session, { 0: [from, from + 1 + this.#random.below(5)] })
    const { id, offsets } = change.segment
    this.#ledger.upload(id, session.epoch)
    const storage = this.#world.storage(process.name)
    const condition = { kind: 'if-absent' } as const
    await storage.put(keys.segment(id), Buffer.from(id), { condition })
    await session.commit(change)
    this.#tell(`${process.name}: committed ${JSON.stringify(offsets)} under epoch ${session.epoch}`)
    this.#ledger.acknowledge(generation, id)
  }

  async #release(process: Process, session: WriterSession): Promise<void> {
    process.session = undefined
    await session.release()
    this.#tell(`${process.name}: released`)
  }

  #planFault(process: Process): void {
    const step = this.#random.pick(Object.keys(steps) as Step[])
    const fault = this.#random.pick(faultNames.filter((name) => name !== 'clock a day behind'))
    const { faults } = this.#world.way(process.name)
    let fired = false
    faults.clear()
    faults.onCall((call) => {
      if (fired || !steps[step](call)) return undefined
      fired = true
      this.#count(step, fault)
      this.#tell(`${process.name}: ${fault} at "${step}"`)
      return this.#strike(process, fault)
    })
  }

  #strike(process: Process, fault: FaultName): Fault | undefined {
    switch (fault) {
      case 'crash':
        process.dead = true
        this.#world.crash(process.name)
        return { kind: 'hang', applied: this.#random.chance(0.5) }
      case 'lease deleted':
        void this.#world.remove(keys.lease)
        return undefined
      case 'index deleted':
        void this.#deleteIndex()
        return undefined
      case 'folder deleted':
        void this.#deleteFolder()
        return undefined
      case 'clock a day behind':
        return undefined
      case 'answer lost':
      case 'answer late':
      case 'arrives past a successor':
        return requestFaults[fault]
    }
  }

  async #deleteIndex(): Promise<void> {
    const contents = this.#world.memory.contents()
    this.#removedIndex ??= contents.get(keys.index)
    await this.#world.remove(keys.index)
    // Without a segment there is nothing that a new start could lose.
    if (![...contents.keys()].some((key) => key.endsWith('.kan'))) this.#ledger.forget()
  }

  /** Object by object: writers go on meanwhile, and what they did then is void as well. */
  async #deleteFolder(): Promise<void> {
    this.#removedIndex = undefined
    this.#ledger.forget()
    await this.#world.removeFolder(topic)
    this.#ledger.forget()
  }

  /** A person puts back what was deleted by mistake. */
  async #restoreIndex(): Promise<void> {
    const bytes = this.#removedIndex
    this.#removedIndex = undefined
    if (bytes === undefined || this.#world.memory.contents().has(objectKey(keys.index))) return
    await this.#world.replace(keys.index, bytes)
    this.#tell('somebody puts the index back')
  }

  #count(step: string, fault: FaultName): void {
    this.#cells.push(`${step} × ${fault}`)
  }

  #note(error: unknown): void {
    if (KanneryError.is(error) && error.code !== 'INTERNAL') return
    this.#defect ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
  }

  #tell(line: string): void {
    this.#lines.push(`${String(this.#world.clock.monotonic() / 1000).padStart(7)} s  ${line}`)
  }
}
