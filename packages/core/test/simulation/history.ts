import { type Clock, KanneryError, objectKey } from '@kannery/storage'
import {
  type Fault,
  type SeededRandom,
  type StorageCall,
  seededRandom,
} from '@kannery/storage-testkit'
import {
  addHold,
  deletePruned,
  markExpired,
  type PruneOptions,
  type Retention,
  removeHold,
  SegmentWriter,
  type Ulid,
  UlidSource,
  type Worker,
  type WriterSession,
} from '../../src/index.ts'
import { digestOf, entryOf } from '../../src/recovery/inspect-segment.ts'
import { openSegment } from '../../src/segment/reader.ts'
import { emptyStorage, encode, facts } from '../segments.ts'
import { cluster, days, gap, incarnation, minutes, seconds, World } from '../world.ts'
import { KafkaModel } from './kafka-model.ts'
import { Ledger, type Uploaded } from './ledger.ts'
import { SleepyClock } from './sleepy-clock.ts'
import {
  canStrike,
  cellOf,
  type FaultName,
  faultNames,
  keys,
  type Phase,
  type Step,
  stepNames,
  steps,
  topic,
} from './steps.ts'

const retentionMs = minutes(15)
const retention: Retention = { kind: 'delete', after: '15m', afterMs: retentionMs }
const timing = { graceMs: minutes(10), slackMs: minutes(1) }
type Work = 'acquire' | 'commit' | 'prune' | 'release'

/** What can be hit; the rarer steps more than once. */
const stepsOf: Readonly<Record<Work, readonly Step[]>> = {
  acquire: [
    '1 look at the lease',
    ...times(4, '2 take the lease over'),
    '3 claim the lease',
    ...times(3, '4 read the index'),
    '5 give a sign of life',
    ...times(5, '6 raise the epoch'),
    '7 list what is there',
    ...times(5, '8 read a leftover'),
    ...times(5, '9 commit the recovery'),
  ],
  commit: [
    '10 upload the segment',
    '11 look at the deadline',
    '12 replace the index',
    '13 acknowledge',
  ],
  prune: ['mark what expired', ...times(2, 'announce a deletion'), ...times(3, 'delete a segment')],
  release: ['release the lease'],
}

/** Longer than a lease lives. */
const longMs = minutes(6)

export interface History {
  readonly lines: readonly string[]
  /** What happened, as `step × fault`. */
  readonly cells: ReadonlySet<string>
  /** The first invariant that did not hold. */
  readonly violation: string | undefined
}

/** One world under one seed: processes write a topic while things go wrong, and Kafka goes on. */
export async function simulate(seed: number): Promise<History> {
  return await new Simulation(seed).run()
}

interface Process {
  readonly name: string
  readonly clock: SleepyClock
  readonly behind: boolean
  /** Until then it hears nothing from the storage, by the monotonic clock. */
  deafUntilMs: number
  /** What is to happen to it, once. */
  plan: { readonly step: Step; readonly fault: FaultName } | undefined
  phase: Phase
  session: WriterSession | undefined
  busy: boolean
  dead: boolean
}

class Simulation {
  readonly #random: SeededRandom
  readonly #world: World
  readonly #kafka = new KafkaModel()
  readonly #ledger: Ledger
  readonly #lines: string[] = []
  readonly #cells = new Set<string>()
  readonly #processes: Process[] = []
  readonly #workers: Worker[] = []
  #defect: string | undefined
  #removedIndex: Uint8Array | undefined

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#world = new World({
      seed,
      onStored: (key, body) => this.#ledger.stored(key, body),
      onDeleted: (name, key, body) => {
        this.#ledger.deleted(name, key, body)
        this.#forgetIfNothingIsLeft()
      },
    })
    const { memory, clock } = this.#world
    const now = (): number => clock.now()
    const { graceMs } = timing
    this.#ledger = new Ledger({ memory, kafka: this.#kafka, now, retentionMs, graceMs })
    for (let count = 0; count < 3; count++) this.#startProcess()
  }

  async run(): Promise<History> {
    let violation: string | undefined
    for (let turn = 0; turn < 20 && violation === undefined; turn++) {
      this.#kafkaGoesOn()
      await this.#turn()
      await this.#world.pass(this.#random.pick([seconds(1), seconds(90), minutes(7), minutes(15)]))
      violation = this.#defect ?? (await this.#ledger.violation())
    }
    if (violation !== undefined) this.#tell(`VIOLATED: ${violation}`)
    await this.#end()
    return { lines: this.#lines, cells: this.#cells, violation }
  }

  /** Lets go of what still waits: signals that nobody aborts are kept by Node for ever. */
  async #end(): Promise<void> {
    for (const { name } of this.#processes) {
      this.#world.way(name).faults.clear()
      this.#world.way(name).faults.onCall(() => ({ kind: 'deny' }))
    }
    for (const worker of this.#workers) void worker[Symbol.asyncDispose]().catch(() => undefined)
    await this.#world.pass(minutes(2))
  }

  #kafkaGoesOn(): void {
    this.#kafka.append(this.#random.below(4))
    if (this.#random.chance(0.15)) {
      this.#kafka.expire(this.#random.below(this.#kafka.end + 1))
      this.#tell(`Kafka begins at ${this.#kafka.start}`)
    }
    // Who is about to commit what is truncated would see it in the next answer: that is not the matter here.
    if (!this.#processes.some(({ busy, dead }) => busy && !dead) && this.#random.chance(0.2)) {
      const committed = Math.max(0, ...this.#processes.map(({ session }) => nextOf(session)))
      this.#kafka.truncate(committed)
      this.#tell(`Kafka has another leader, and ends at ${this.#kafka.end}`)
    }
  }

  async #turn(): Promise<void> {
    if (this.#removedIndex !== undefined && this.#random.chance(0.5)) await this.#restoreIndex()
    if (this.#random.chance(0.05)) await this.#holdOrNot()
    const idle = this.#processes.filter(({ busy, dead }) => !busy && !dead)
    if (idle.length === 0) {
      this.#startProcess()
      return
    }
    const process = this.#random.pick(idle)
    process.busy = true
    void this.#work(process, this.#chooseWork(process))
  }

  #startProcess(): void {
    const name = `p${this.#processes.length + 1}`
    const behind = this.#random.chance(0.2)
    const base: Clock = behind ? this.#world.clock.skewed(-days(1)) : this.#world.clock
    const process: Process = {
      name,
      clock: new SleepyClock(base),
      behind,
      deafUntilMs: 0,
      plan: undefined,
      phase: 'acquire',
      session: undefined,
      busy: false,
      dead: false,
    }
    this.#processes.push(process)
    this.#world.way(name).faults.onCall((call) => this.#onCall(process, call))
  }

  #chooseWork({ session }: Process): Work {
    if (session === undefined) return 'acquire'
    return this.#random.pick(['commit', 'commit', 'commit', 'prune', 'prune', 'release'])
  }

  async #work(process: Process, work: Work): Promise<void> {
    const { session } = process
    process.plan = this.#random.chance(0.6) ? this.#choosePlan(work) : undefined
    try {
      if (session === undefined) await this.#acquire(process)
      else if (work === 'release') await this.#release(process, session)
      else if (work === 'prune') await this.#prune(process, session)
      else await this.#commit(process, session)
    } catch (error) {
      if (KanneryError.is(error) && error.code !== 'INTERNAL') {
        this.#tell(`${process.name}: ${error.code}`)
        const lost = process.session
        process.session = undefined
        process.phase = 'release'
        await lost?.release().catch((failed: unknown) => this.#note(failed))
      } else this.#note(error)
    }
    process.busy = false
  }

  async #acquire(process: Process): Promise<void> {
    const { generation } = this.#ledger
    process.phase = 'acquire'
    const { clock } = process
    const worker = await this.#world.worker(process.name, { clock, retention })
    this.#workers.push(worker)
    const session = await worker.acquire(topic, { cluster })
    process.session = session
    this.#ledger.acquire(generation, session.epoch)
    this.#tell(`${process.name}: acquired, epoch ${session.epoch}`)
    process.phase = 'recover'
    const { adopted } = await session.recover(this.#kafka.source, timing)
    for (const { id, offsets } of adopted) {
      this.#tell(`${process.name}: adopted ${JSON.stringify(offsets)}`)
      this.#ledger.acknowledge(generation, id)
    }
    process.phase = 'commit'
    if (session.index.incarnations.length === 0) await session.beginIncarnation(incarnation(1))
  }

  async #commit(process: Process, session: WriterSession): Promise<void> {
    const { generation } = this.#ledger
    process.phase = 'commit'
    const next = nextOf(session)
    if (next < this.#kafka.start) {
      await session.commit({ gaps: [gap(0, next, this.#kafka.start)] })
      this.#tell(`${process.name}: committed a gap, ${next} to ${nextOf(session)}`)
    }
    const from = nextOf(session)
    const records = this.#kafka.fetch(from, 1 + this.#random.below(5))
    if (records.length === 0) return
    const uploaded = { id: session.newSegmentId(), epoch: session.epoch, from, records }
    this.#ledger.upload(uploaded)
    const body = await segmentOf(uploaded, session)
    const storage = this.#world.storage(process.name, process.clock)
    await storage.put(keys.segment(uploaded.id), body.bytes, { condition: { kind: 'if-absent' } })
    await this.#reach(process, '11 look at the deadline')
    await session.commit({ segment: body.entry })
    await this.#reach(process, '13 acknowledge')
    this.#tell(`${process.name}: committed ${from} to ${nextOf(session)}, epoch ${session.epoch}`)
    this.#ledger.acknowledge(generation, uploaded.id)
  }

  async #prune(process: Process, session: WriterSession): Promise<void> {
    const { clock, name } = process
    const ids = new UlidSource({ clock, random: this.#world.random.fork() })
    const storage = this.#world.storage(name, clock)
    const options: PruneOptions = { storage, clock, ids, timing }
    process.phase = 'mark'
    const marked = await markExpired(topic, options)
    process.phase = 'delete'
    const { segments, garbage } = await deletePruned(session, options)
    const counts = `${marked.length} marked, ${segments.length + garbage.length} deleted`
    this.#tell(`${name}: pruned, ${counts}`)
  }

  async #release(process: Process, session: WriterSession): Promise<void> {
    process.phase = 'release'
    process.session = undefined
    await session.release()
    this.#tell(`${process.name}: released`)
  }

  #choosePlan(work: Work): Process['plan'] {
    const step = this.#random.pick(stepsOf[work])
    const fault = this.#random.pick(faultNames.filter((name) => canStrike(step, name)))
    return { step, fault }
  }

  /** What becomes of a request. */
  #onCall(process: Process, call: StorageCall): Fault | undefined {
    if (process.dead) return { kind: 'hang', applied: false }
    const { asleepMs } = process.clock
    if (asleepMs > 0) return { kind: 'delay', milliseconds: asleepMs }
    if (process.clock.monotonic() < process.deafUntilMs) return this.#unheard()
    const { operation, key } = call
    const leased = this.#world.memory.contents().has(keys.lease)
    const request = { operation, key, phase: process.phase, leased }
    const step = stepNames.find((name) => steps[name]?.(request) === true)
    return step === undefined ? undefined : this.#reached(process, step)
  }

  /** A step that makes no request. */
  async #reach(process: Process, step: Step): Promise<void> {
    this.#reached(process, step)
    if (process.dead) await new Promise(() => undefined)
    await process.clock.sleep(0)
  }

  #reached(process: Process, step: Step): Fault | undefined {
    if (process.behind) this.#cells.add(cellOf(step, 'clock a day behind'))
    const { plan } = process
    if (plan?.step !== step || plan.fault === 'clock a day behind') return undefined
    process.plan = undefined
    this.#cells.add(cellOf(step, plan.fault))
    this.#tell(`${process.name}: ${plan.fault} at "${step}"`)
    return this.#strike(process, plan.fault)
  }

  #strike(process: Process, fault: FaultName): Fault | undefined {
    switch (fault) {
      case 'crash':
        process.dead = true
        return { kind: 'hang', applied: this.#random.chance(0.5) }
      case 'sleep past the ttl': {
        const milliseconds = longMs + this.#random.below(minutes(10))
        process.clock.stop(milliseconds)
        return this.#random.chance(0.5)
          ? { kind: 'delay', milliseconds }
          : { kind: 'answer-late', milliseconds }
      }
      case 'answer lost':
        // Of one request, or of all for longer than anybody tries again.
        if (this.#random.chance(0.5)) process.deafUntilMs = process.clock.monotonic() + minutes(2)
        return { kind: 'lose-answer' }
      case 'arrives past a successor':
        return this.#random.chance(0.5)
          ? { kind: 'delay', milliseconds: longMs }
          : { kind: 'arrive-late', milliseconds: longMs }
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
    }
  }

  #unheard(): Fault {
    return this.#random.chance(0.5) ? { kind: 'lose-answer' } : { kind: 'fail' }
  }

  async #deleteIndex(): Promise<void> {
    const contents = this.#world.memory.contents()
    this.#removedIndex ??= contents.get(keys.index)
    await this.#world.remove(keys.index)
    this.#forgetIfNothingIsLeft()
  }

  /** Without index and segments there is nothing that a new start could lose. */
  #forgetIfNothingIsLeft(): void {
    const left = [...this.#world.memory.contents().keys()]
    if (left.some((key) => key === keys.index || key.endsWith('.kan'))) return
    this.#removedIndex = undefined
    this.#ledger.forget()
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

  /** A person edits the index beside whoever writes it. */
  async #holdOrNot(): Promise<void> {
    const { memory: storage, clock, random } = this.#world
    const options = { storage, clock, ids: new UlidSource({ clock, random: random.fork() }) }
    const held = (await this.#world.holds())?.length ?? 0
    try {
      if (held > 0) await removeHold(topic, 'audit', options)
      else await addHold(topic, { name: 'audit' }, options)
      this.#tell(held > 0 ? 'somebody removes a hold' : 'somebody puts a hold')
    } catch (error) {
      this.#note(error)
    }
  }

  #note(error: unknown): void {
    if (KanneryError.is(error) && error.code !== 'INTERNAL') return
    this.#defect ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
  }

  #tell(line: string): void {
    this.#lines.push(`${String(this.#world.clock.monotonic() / 1000).padStart(7)} s  ${line}`)
  }
}

function nextOf(session: WriterSession | undefined): number {
  return session?.nextOffsets().get(0) ?? 0
}

/** The bytes of a real segment, and what an index tells of it. */
async function segmentOf({ id, epoch, from, records }: Uploaded, session: WriterSession) {
  const memory = emptyStorage()
  const key = keys.segment(id)
  await using output = await memory.openWriter(key, { condition: { kind: 'if-absent' } })
  const current = session.index.incarnations.at(-1)
  const writer = new SegmentWriter(output, {
    format: 1,
    requires: { read: [], write: [] },
    topic,
    topicId: current?.topicId ?? '',
    cluster,
    incarnation: current?.n ?? 0,
    segment: id as Ulid,
    epoch,
    createdAt: '2026-11-23T07:00:00.000Z',
    writer: session.writer,
  })
  const chunk = { from, next: from + records.length, leaderEpoch: records.at(-1) ?? 0 }
  await writer.append(await encode({ facts: facts(chunk), raw: Buffer.from(records.join()) }))
  await writer.finish({ aborted: [] })
  await output.commit()
  const { footer } = await openSegment(memory, { key })
  const bytes = memory.contents().get(key) ?? new Uint8Array()
  return { bytes, entry: entryOf(id, footer, await digestOf(memory, key)) }
}

function times(count: number, step: Step): readonly Step[] {
  return Array.from({ length: count }, () => step)
}
