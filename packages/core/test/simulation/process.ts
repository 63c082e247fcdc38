import type { ObjectKey, StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import {
  type Fault,
  FaultyStorage,
  type MemoryStorage,
  type StorageCall,
} from '@kannery/storage-testkit'
import type { PruneOptions } from '../../src/retention/prune.ts'
import { UlidSource } from '../../src/ulid/ulid.ts'
import type { Worker } from '../../src/writing/worker.ts'
import type { WriterSession } from '../../src/writing/writer-session.ts'
import { days, minutes, seconds } from '../fixtures.ts'
import { type Scene, timing } from './scene.ts'
import { SleepyClock } from './sleepy-clock.ts'
import {
  type ClockFault,
  canStrike,
  cellOf,
  clockFaults,
  type FaultName,
  faultNames,
  isClockFault,
  keys,
  type Phase,
  type Step,
  stepNames,
  steps,
} from './steps.ts'

/** Longer than a lease lives. */
const longMs = minutes(6)
/** A person's mistakes are rarer than what machines do. */
const likelyFaults: readonly FaultName[] = [
  ...faultNames,
  ...faultNames.filter((name) => !isClockFault(name) && !name.endsWith('deleted')),
]
/** How long a request may take where several processes act at once. */
const paces = [100, seconds(1), seconds(5)]

/**
 * A process with its own clock and its own way to the storage, on which one thing goes wrong at a
 * time.
 */
export class Process {
  readonly name: string
  readonly clock: SleepyClock
  phase: Phase = 'acquire'
  worker: Worker | undefined
  session: WriterSession | undefined
  busy = false
  dead = false
  /** Since when it has been acquiring the topic, or had it, by the monotonic clock. */
  acquiringSinceMs = 0
  readonly #scene: Scene
  readonly #clockFault: ClockFault | undefined
  /** What is to happen to it, once. */
  #plan: { readonly step: Step; readonly fault: FaultName } | undefined
  /** Until then it hears nothing from the storage, by the monotonic clock. */
  #deafUntilMs = 0
  /** A request takes up to this long. */
  #paceMs = 0

  constructor(name: string, scene: Scene) {
    const { random, world } = scene
    this.name = name
    this.#scene = scene
    this.#clockFault = random.chance(0.5) ? random.pick(clockFaults) : undefined
    const offMs = this.#clockFault === 'clock a day slow' ? -days(1) : this.#someSeconds()
    this.clock = new SleepyClock(
      this.#clockFault === undefined ? world.clock : world.clock.skewed(offMs),
    )
    world.way(name).faults.onCall((call) => {
      if (call.operation === 'delete' && !this.dead)
        scene.ledger.deleting(name, call.key as ObjectKey)
      return this.#onCall(call)
    })
  }

  /** Whether the storage hears of it now. */
  get isLiving(): boolean {
    const { asleepMs } = this.clock
    return !this.dead && asleepMs === 0 && this.clock.monotonic() >= this.#deafUntilMs
  }

  get storage(): StorageBackend {
    return this.#scene.world.storage(this.name, this.clock)
  }

  /** Its way to another storage. */
  storageAt(memory: MemoryStorage): StorageBackend {
    const { clock, random } = this.#scene.world
    const way = new FaultyStorage(memory.anotherHandle(), { clock })
    way.faults.onCall((call) => this.#onCall(call))
    return decorate(way, { clock: this.clock, random: random.fork() })
  }

  /** With which an index is edited, and a topic pruned. */
  get editing(): PruneOptions {
    const { storage, clock } = this
    const ids = new UlidSource({ clock, random: this.#scene.world.random.fork() })
    return { storage, clock, ids, timing }
  }

  /** Perhaps something happens at one of `steps`; `beside` others, its requests take their time. */
  prepare(choices: readonly Step[], beside: boolean): void {
    const { random } = this.#scene
    this.#paceMs = beside ? random.pick(paces) : 0
    this.#plan = undefined
    if (choices.length === 0 || !random.chance(0.5)) return
    const step = random.pick(choices)
    const fault = random.pick(likelyFaults.filter((name) => canStrike(step, name)))
    this.#plan = { step, fault }
  }

  /** A step that makes no request. */
  async reach(step: Step): Promise<void> {
    this.#reached(step)
    if (this.dead) await new Promise(() => undefined)
    await this.clock.sleep(0)
  }

  /** Its heart stops. What fails of that is not the matter here. */
  async end(): Promise<void> {
    await this.worker?.[Symbol.asyncDispose]().catch(() => undefined)
  }

  #someSeconds(): number {
    const { random } = this.#scene
    return (random.chance(0.5) ? 1 : -1) * seconds(1 + random.below(30))
  }

  /** What becomes of a request. */
  #onCall({ operation, key }: StorageCall): Fault | undefined {
    if (this.dead) return { kind: 'hang', applied: false }
    const { world } = this.#scene
    const { asleepMs } = this.clock
    if (asleepMs > 0) return { kind: 'delay', milliseconds: asleepMs }
    if (this.clock.monotonic() < this.#deafUntilMs) return this.#unheard()
    const leased = world.has(keys.lease)
    const request = { operation, key, phase: this.phase, leased }
    const step = stepNames.find((name) => steps[name]?.(request) === true)
    if (step === undefined) return this.#slowness()
    if (step === '7 list the candidates' && this.#scene.startsPrune()) this.#paceMs = seconds(5)
    return this.#reached(step) ?? this.#slowness()
  }

  #reached(step: Step): Fault | undefined {
    const { cells, log } = this.#scene
    if (this.#clockFault !== undefined) cells.add(cellOf(step, this.#clockFault))
    const plan = this.#plan
    if (plan?.step !== step || isClockFault(plan.fault)) return undefined
    this.#plan = undefined
    cells.add(cellOf(step, plan.fault))
    log(`${this.name}: ${plan.fault} at "${step}"`)
    return this.#strike(plan.fault)
  }

  #strike(fault: Exclude<FaultName, ClockFault>): Fault | undefined {
    const { random, befall } = this.#scene
    switch (fault) {
      case 'crash':
        this.dead = true
        return { kind: 'hang', applied: random.chance(0.5) }
      case 'sleep past the ttl': {
        const milliseconds = longMs + random.below(minutes(10))
        this.clock.stop(milliseconds)
        return random.chance(0.5)
          ? { kind: 'delay', milliseconds }
          : { kind: 'answer-late', milliseconds }
      }
      case 'answer lost':
        // Of one request, or of all for longer than anybody tries again.
        if (random.chance(0.5)) this.#deafUntilMs = this.clock.monotonic() + minutes(2)
        return { kind: 'lose-answer' }
      case 'arrives past a successor':
        return random.chance(0.5)
          ? { kind: 'delay', milliseconds: longMs }
          : { kind: 'arrive-late', milliseconds: longMs }
      case 'lease deleted':
      case 'index deleted':
      case 'folder deleted':
        befall(fault)
        return undefined
    }
  }

  #unheard(): Fault {
    return this.#scene.random.chance(0.5) ? { kind: 'lose-answer' } : { kind: 'fail' }
  }

  #slowness(): Fault | undefined {
    if (this.#paceMs === 0) return undefined
    return { kind: 'delay', milliseconds: this.#scene.random.below(this.#paceMs) }
  }
}
