import { KanneryError } from '@kannery/storage'
import { MemoryStorage } from '@kannery/storage-testkit'
import { copyTopic } from '../../src/copy/copy-topic.ts'
import type { SegmentEntry } from '../../src/index-file/format/model.ts'
import { rebuildIndex } from '../../src/rebuild/rebuild-index.ts'
import type { Ulid } from '../../src/ulid/ulid.ts'
import { Worker } from '../../src/writing/worker.ts'
import { cluster } from '../fixtures.ts'
import { type NamedState, namedStateOf } from './named-state.ts'
import type { Process } from './process.ts'
import { retention, type Scene, timing } from './scene.ts'
import { keys, type Step, topic } from './steps.ts'

export const stepsOfCopy: readonly Step[] = ['copy a segment', 'copy the index']

/** Copies the backup into a second storage, and continues from the copy if that is needed. */
export class Copying {
  readonly #scene: Scene
  #target: MemoryStorage

  constructor(scene: Scene) {
    this.#scene = scene
    this.#target = this.#emptyTarget()
  }

  /** Whether the first copy into the target ended early: then it is needed most. */
  get wasCutOff(): boolean {
    const state = this.#state(this.#target)
    return this.#segments(this.#target).length > 0 && state?.index.incarnations.length === 0
  }

  /**
   * What was copied has to be there, whole; so has what was copied before a copy that was cut off.
   */
  async copy(process: Process): Promise<void> {
    const { ledger, log } = this.#scene
    process.phase = 'copy'
    const { era } = ledger
    const wanted = ledger.tampered === undefined ? liveAmong(ledger.named()) : []
    const target = this.#target
    const storage = process.storageAt(target)
    try {
      await using worker = await this.#worker(process, storage)
      const { state, segments } = await copyTopic({
        source: process.storage,
        target: storage,
        topic,
        worker,
      })
      log(`${process.name}: ${state}, ${segments} segments`)
    } catch (error) {
      // It is the copy of what was there before a person intervened.
      if (KanneryError.is(error, 'INDEX_FOREIGN') && target === this.#target) this.#beginAnew()
      throw error
    }
    if (ledger.era !== era) return
    const still = new Set(liveAmong(ledger.named()))
    // What had expired when it was copied may have been taken back since.
    const named = new Set(this.#state(target)?.entries.map(({ id }) => id))
    const lost = wanted.find((id) => still.has(id) && !named.has(id))
    if (lost !== undefined) this.#scene.complain(`${lost} was there, and is not in the copy`)
  }

  /** The source is gone: a backup continues from the copy, in a storage of its own from now on. */
  async promote(process: Process): Promise<void> {
    const { log, kafka } = this.#scene
    const target = this.#target
    const segments = this.#segments(target)
    const before = this.#state(target)
    if (before === undefined) return
    this.#beginAnew()
    const storage = process.storageAt(target)
    // Nothing goes wrong from here on: what was copied before is the matter.
    process.prepare([], false)
    process.phase = 'acquire'
    await using worker = await this.#worker(process, storage)
    try {
      await using session = await worker.acquire(topic, { cluster })
      await session.recover(kafka.source, timing)
      log(`${process.name}: continues from the copy, epoch ${session.epoch}`)
    } catch (error) {
      if (!KanneryError.is(error, 'INDEX_MISSING') || liveAmong(before.entries).length > 0)
        throw error
      process.phase = 'rebuild'
      await rebuildIndex(topic, { storage, worker, retention })
      log(`${process.name}: rebuilt the copy`)
    }
    const kept = before.index.incarnations.length === 0 ? segments : liveAmong(before.entries)
    const after = this.#state(target)
    const lost = kept.find((id) => after?.entries.every((entry) => entry.id !== id))
    if (lost !== undefined) this.#scene.complain(`${lost} was copied, and is given up`)
  }

  /** What the copy's index names has to be there. */
  violation(): string | undefined {
    const state = this.#state(this.#target)
    const lost = liveAmong(state?.entries).find(
      (id) => this.#target.peek(keys.segment(id)) === undefined,
    )
    return lost === undefined ? undefined : `${lost} is named by the copy, and is not there`
  }

  #emptyTarget(): MemoryStorage {
    return MemoryStorage.open({ clock: this.#scene.world.clock })
  }

  #beginAnew(): void {
    this.#target = this.#emptyTarget()
  }

  async #worker(process: Process, storage: ReturnType<Process['storageAt']>): Promise<Worker> {
    const { clock, name } = process
    const { world } = this.#scene
    const random = world.random.fork()
    const { tailLimits } = world
    return await Worker.start({ storage, clock, random, tailLimits, description: `"${name}"` })
  }

  #state(target: MemoryStorage): NamedState | undefined {
    const bytes = target.peek(keys.index)
    return bytes && namedStateOf(target, bytes)
  }

  #segments(target: MemoryStorage): readonly Ulid[] {
    const names = target.keys().filter((key) => key.endsWith('.kan'))
    return names.map((key) => key.slice(keys.folder.length, -'.kan'.length) as Ulid)
  }
}

function liveAmong(entries: readonly SegmentEntry[] = []): readonly Ulid[] {
  return entries.filter(({ state }) => state === undefined).map(({ id }) => id)
}
