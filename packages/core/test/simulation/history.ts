import { KanneryError, type ObjectKey } from '@kannery/storage'
import { type SeededRandom, seededRandom } from '@kannery/storage-testkit'
import { defaultTailLimits, type TailLimits } from '../../src/index-file/roll.ts'
import { minutes, seconds, World } from '../fixtures.ts'
import { Copying, stepsOfCopy } from './copying.ts'
import { KafkaModel } from './kafka-model.ts'
import { Ledger } from './ledger.ts'
import { type Act, People, stepsOfAct } from './people.ts'
import { Process } from './process.ts'
import { retentionMs, type Scene, timing } from './scene.ts'
import { keys } from './steps.ts'
import { nextOf, stepsOf, type Work, Writing } from './writing.ts'

// A history has few segments, some of which shall be in pages.
const tailLimits: TailLimits = { ...defaultTailLimits, entries: 2 }

/** Between turns. */
const pausesMs = [seconds(1), seconds(1), seconds(90), minutes(7), minutes(15)]

export interface History {
  readonly lines: readonly string[]
  /** What happened, as `step × fault`. */
  readonly cells: ReadonlySet<string>
  /** The first invariant that did not hold. */
  readonly violation: string | undefined
}

/**
 * One world under one seed: processes write a topic, people look after its backup and copy it,
 * while faults occur and Kafka continues.
 */
export async function simulate(seed: number): Promise<History> {
  return await new Simulation(seed).run()
}

class Simulation {
  readonly #random: SeededRandom
  readonly #world: World
  readonly #kafka = new KafkaModel()
  readonly #ledger: Ledger
  readonly #writing: Writing
  readonly #people: People
  readonly #copying: Copying
  readonly #scene: Scene
  readonly #lines: string[] = []
  readonly #cells = new Set<string>()
  /** Those that write, and those that did one thing for a person. */
  readonly #writers: Process[] = []
  readonly #others: Process[] = []
  #defect: string | undefined

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#world = new World({
      seed,
      tailLimits,
      onStored: (name, key, body) => this.#onStored(name, key, body),
      onDeleted: (name, key, body) => {
        this.#ledger.deleted(name, key, body)
        this.#people.forgetIfNothingIsLeft()
      },
    })
    const { memory, clock } = this.#world
    const now = (): number => clock.now()
    const { graceMs } = timing
    this.#ledger = new Ledger({ memory, kafka: this.#kafka, now, retentionMs, graceMs })
    this.#scene = {
      world: this.#world,
      random: this.#random,
      kafka: this.#kafka,
      ledger: this.#ledger,
      cells: this.#cells,
      log: (line) => this.#log(line),
      complain: (text) => this.#complain(text),
      befall: (mishap) => void this.#people.befall(mishap),
      startsPrune: () => this.#startsPrune(),
    }
    this.#writing = new Writing(this.#scene)
    this.#people = new People(this.#scene, this.#writing)
    this.#copying = new Copying(this.#scene)
    for (let count = 0; count < 3; count++) this.#startWriter()
  }

  async run(): Promise<History> {
    let violation: string | undefined
    for (let turn = 0; turn < 20 && violation === undefined; turn++) {
      this.#kafkaGoesOn()
      await this.#turn()
      await this.#world.pass(this.#random.pick(pausesMs))
      violation = this.#defect ?? this.#ledger.violation() ?? this.#copying.violation()
    }
    if (violation !== undefined) this.#log(`VIOLATED: ${violation}`)
    await this.#end()
    return { lines: this.#lines, cells: this.#cells, violation }
  }

  get #processes(): readonly Process[] {
    return [...this.#writers, ...this.#others]
  }

  /** Ends what still waits: Node.js keeps signals that are never aborted forever. */
  async #end(): Promise<void> {
    for (const { name } of this.#processes) {
      this.#world.way(name).faults.clear()
      this.#world.way(name).faults.onCall(() => ({ kind: 'deny' }))
    }
    for (const process of this.#processes) void process.end()
    await this.#world.pass(minutes(2))
  }

  #kafkaGoesOn(): void {
    this.#kafka.append(1 + this.#random.below(4))
    if (this.#random.chance(0.12)) {
      this.#kafka.expire(this.#random.below(this.#kafka.end + 1))
      this.#log(`Kafka begins at ${this.#kafka.start}`)
    }
    // Who is about to commit what is truncated would see it in the next answer: that is not the
    // matter here.
    if (this.#writers.some(({ busy, dead }) => busy && !dead) || !this.#random.chance(0.15)) return
    this.#kafka.truncate(Math.max(0, ...this.#writers.map(({ session }) => nextOf(session))))
    this.#log(`Kafka has another leader, and ends at ${this.#kafka.end}`)
  }

  /** One after the other, or several at once. */
  async #turn(): Promise<void> {
    await this.#people.meddle()
    const beside = this.#random.chance(0.4)
    const count = beside ? 2 + this.#random.below(2) : 1
    for (let begun = 0; begun < count; begun++) this.#begin(beside)
  }

  #begin(beside: boolean): void {
    if (this.#random.chance(0.3)) this.#beginForAPerson(beside)
    else this.#beginWriting(beside)
  }

  #beginWriting(beside: boolean): void {
    const idle = this.#writers.filter(({ busy, dead }) => !busy && !dead)
    const holders = idle.filter(({ session }) => session !== undefined)
    const able = holders.length > 0 && this.#random.chance(0.8) ? holders : idle
    const process = able.length === 0 ? this.#startWriter() : this.#random.pick(able)
    const work = chooseWork(process, this.#random)
    process.prepare(stepsOf[work], beside)
    void this.#run(process, () => this.#writing.do(work, process))
    // A person wants to keep what is about to be deleted.
    if (work === 'prune' && beside && this.#random.chance(0.5)) this.#beginAct('hold', beside)
  }

  #beginForAPerson(beside: boolean): void {
    if (this.#random.chance(0.3)) {
      const process = this.#startOther()
      process.prepare(stepsOfCopy, beside)
      const promotes = this.#random.chance(this.#copying.wasCutOff ? 0.6 : 0.15)
      void this.#runOnce(process, () =>
        promotes ? this.#copying.promote(process) : this.#copying.copy(process),
      )
      return
    }
    this.#beginAct(this.#people.choose(), beside)
  }

  #startsPrune(): boolean {
    const starts = this.#random.chance(0.6)
    if (starts) this.#beginAct('mark', true)
    return starts
  }

  #beginAct(act: Act, beside: boolean): void {
    const process = this.#startOther()
    process.prepare(stepsOfAct[act], beside)
    void this.#runOnce(process, () => this.#people.do(act, process))
  }

  #startOther(): Process {
    const process = new Process(`q${this.#others.length + 1}`, this.#scene)
    this.#others.push(process)
    return process
  }

  #startWriter(): Process {
    const process = new Process(`p${this.#writers.length + 1}`, this.#scene)
    this.#writers.push(process)
    return process
  }

  async #runOnce(process: Process, work: () => Promise<void>): Promise<void> {
    await this.#run(process, work)
    await process.end()
  }

  async #run(process: Process, work: () => Promise<void>): Promise<void> {
    const { era, tampered } = this.#ledger
    process.busy = true
    try {
      await work()
    } catch (error) {
      this.#note(error)
      if (KanneryError.is(error)) this.#log(`${process.name}: ${error.code}`)
      const wasWhole = tampered === undefined && this.#ledger.era === era
      if (wasWhole && this.#ledger.isWhole && KanneryError.is(error, 'DATA_CORRUPT')) {
        this.#complain(`${process.name} takes a whole backup for damaged: ${error.message}`)
      }
      const lost = process.session
      process.session = undefined
      process.phase = 'release'
      await lost?.release().catch((failed: unknown) => this.#note(failed))
    }
    process.busy = false
  }

  #onStored(name: string, key: ObjectKey, body: Uint8Array): void {
    const process = this.#processes.find((one) => one.name === name)
    if (process === undefined || key !== keys.index) return
    this.#ledger.stored(process.phase, key, body)
    const epoch = Number(/^epoch: (\d+)$/m.exec(Buffer.from(body).toString())?.[1])
    this.#people.keep(epoch, body)
    const robbed = this.#robbed(process, epoch)
    if (robbed !== undefined) {
      this.#complain(
        `${name} takes the topic from ${robbed.name}, which is running and holds the lease`,
      )
    }
  }

  /**
   * Returns the process that holds the lease at this moment, is running, and loses its epoch. There
   * is none, unless a person broke a lease.
   */
  #robbed(robber: Process, epoch: number): Process | undefined {
    if (this.#people.leaseDeletedMs >= robber.acquiringSinceMs || !this.#world.has(keys.lease)) {
      return undefined
    }
    const { holder } = JSON.parse(this.#world.text(keys.lease)) as { readonly holder: string }
    return this.#processes.find(
      (one) =>
        one !== robber &&
        one.isLiving &&
        one.session !== undefined &&
        `"${one.name}"` === holder &&
        one.session.epoch < epoch,
    )
  }

  #note(error: unknown): void {
    if (KanneryError.is(error) && error.code !== 'INTERNAL') return
    this.#complain(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  #complain(text: string): void {
    this.#defect ??= text
  }

  #log(line: string): void {
    this.#lines.push(`${String(this.#world.clock.monotonic() / 1000).padStart(7)} s  ${line}`)
  }
}

function chooseWork({ session }: Process, random: SeededRandom): Work {
  if (session === undefined) return 'acquire'
  return random.pick([...Array<Work>(5).fill('commit'), ...Array<Work>(4).fill('prune'), 'release'])
}
