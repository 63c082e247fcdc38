import { KanneryError } from '@kannery/storage'
import { parseIndex } from '../../src/index-file/format/index-document.ts'
import { acceptIndex } from '../../src/rebuild/accept-index.ts'
import { rebuildIndex } from '../../src/rebuild/rebuild-index.ts'
import { addHold, readHolds, removeHold } from '../../src/retention/holds.ts'
import { addPoint, readPoints, removePoint } from '../../src/retention/points.ts'
import { markExpired, takeBackExpired } from '../../src/retention/prune.ts'
import type { Process } from './process.ts'
import { type Mishap, retention, type Scene } from './scene.ts'
import { keys, type Step, topic } from './steps.ts'
import type { Writing } from './writing.ts'

/** What a person does with a command: beside the writer of the topic, or in its place. */
const acts = ['hold', 'point', 'point', 'undo', 'mark', 'mark', 'mark', 'prune'] as const
export type Act = (typeof acts)[number] | 'accept' | 'rebuild'

export const stepsOfAct: Readonly<Record<Act, readonly Step[]>> = {
  hold: ['edit the index'],
  point: ['edit the index'],
  undo: ['edit the index'],
  mark: ['mark what expired'],
  prune: ['6 raise the epoch', 'announce a deletion', 'delete a segment'],
  accept: ['edit the index'],
  rebuild: ['rebuild the index'],
}

/** Indexes that a person kept. */
const maxKept = 8

/** The person who manages the backups, and makes mistakes. */
export class People {
  readonly #scene: Scene
  readonly #writing: Writing
  #removed: Uint8Array | undefined
  /** By epoch, the first of each. */
  #kept = new Map<number, Uint8Array>()
  /** Who puts or removes a hold or a point. */
  #keeper: Process | undefined
  #leaseDeletedMs = Number.NEGATIVE_INFINITY

  constructor(scene: Scene, writing: Writing) {
    this.#scene = scene
    this.#writing = writing
  }

  /** When a person last broke a lease, by the monotonic clock. */
  get leaseDeletedMs(): number {
    return this.#leaseDeletedMs
  }

  /** A copy of the index is kept, for the day when it is needed. */
  keep(epoch: number, bytes: Uint8Array): void {
    if (this.#scene.ledger.tampered !== undefined || this.#kept.has(epoch)) return
    if (this.#kept.size < maxKept) this.#kept.set(epoch, bytes)
  }

  /** Most of the time what is wrong is put right soon. */
  choose(): Act {
    const { ledger, random } = this.#scene
    if (ledger.tampered !== undefined && random.chance(0.7)) {
      return ledger.tampered === 'edited' && random.chance(0.8) ? 'accept' : 'rebuild'
    }
    return random.pick(acts)
  }

  /**
   * One person at a time puts holds and points: who takes away what another one is about to put is
   * not the matter here.
   */
  async do(act: Act, process: Process): Promise<void> {
    process.phase = 'edit'
    if (act === 'hold' || act === 'point') {
      if (this.#keeper?.busy === true && !this.#keeper.dead) return
      this.#keeper = process
    }
    switch (act) {
      case 'hold':
        return await this.#holdOrNot(process)
      case 'point':
        return await this.#pointOrNot(process)
      case 'undo':
        return await this.#undo(process)
      case 'mark':
        return await this.#mark(process)
      case 'prune':
        return await this.#prune(process)
      case 'accept':
        return await this.#accept(process)
      case 'rebuild':
        return await this.#rebuild(process)
    }
  }

  /** By hand, at once, and without looking at who works there. */
  async meddle(): Promise<void> {
    const { ledger, random } = this.#scene
    if (this.#removed !== undefined) {
      if (random.chance(0.5)) await this.#putBack(this.#removed)
    } else if (ledger.tampered === undefined && random.chance(0.08)) {
      if (random.chance(0.3)) await this.#edit()
      else await this.#putOlder()
    }
  }

  async befall(mishap: Mishap): Promise<void> {
    const { world, ledger } = this.#scene
    if (mishap !== 'index deleted') this.#leaseDeletedMs = world.clock.monotonic()
    if (mishap === 'lease deleted') await world.remove(keys.lease)
    else if (mishap === 'index deleted') await this.#deleteIndex()
    else {
      // Object by object: writers continue meanwhile, and what they did then is void as well.
      this.#forget()
      ledger.forget()
      await world.removeFolder(topic)
      ledger.forget()
    }
  }

  /** Without index and segments there is nothing that a new start could lose. */
  forgetIfNothingIsLeft(): void {
    const left = this.#scene.world.memory.keys()
    if (left.some((key) => key === keys.index || key.endsWith('.kan'))) return
    this.#forget()
    this.#scene.ledger.forget()
  }

  #forget(): void {
    this.#removed = undefined
    this.#kept = new Map()
  }

  async #deleteIndex(): Promise<void> {
    const { world, ledger } = this.#scene
    const bytes = world.bytes(keys.index)
    if (ledger.tampered === undefined && bytes !== undefined) {
      this.#removed = bytes
      ledger.tamper('removed')
    }
    await world.remove(keys.index)
    if (ledger.tampered !== undefined && ledger.tampered !== 'removed') ledger.tamper('removed')
    this.forgetIfNothingIsLeft()
  }

  /** Before anybody else put something in its place. */
  async #putBack(bytes: Uint8Array): Promise<void> {
    const { world, ledger, log } = this.#scene
    this.#removed = undefined
    if (world.has(keys.index) || ledger.tampered !== 'removed') return
    await world.replace(keys.index, bytes)
    ledger.mend()
    log('a person puts the index back')
  }

  /** From before a writer that has committed since. */
  async #putOlder(): Promise<void> {
    const { world, ledger, random, log } = this.#scene
    const newest = Math.max(0, ...ledger.existing().map(({ epoch }) => epoch))
    const older = [...this.#kept].filter(([epoch]) => epoch < newest)
    if (older.length === 0 || !world.has(keys.index)) return
    const [epoch, bytes] = random.pick(older)
    await world.replace(keys.index, bytes)
    ledger.tamper('older')
    log(`a person puts the index of epoch ${epoch} in the place of the present one`)
  }

  async #edit(): Promise<void> {
    const { world, ledger, log } = this.#scene
    if (!world.has(keys.index)) return
    const text = world.text(keys.index)
    await world.replace(keys.index, text.replace('\nend:', '\n# looked at\nend:'))
    ledger.tamper('edited')
    log('a person edits the index by hand')
  }

  async #holdOrNot({ name, editing }: Process): Promise<void> {
    const { ledger, log } = this.#scene
    const { era } = ledger
    if (this.#holds() > 0) {
      ledger.promises.release('a hold')
      await removeHold(topic, 'audit', editing)
      log(`${name}: no hold any more`)
      return
    }
    await addHold(topic, { name: 'audit' }, editing)
    log(`${name}: a hold`)
    if (ledger.era === era) ledger.promises.keep('a hold', ledger.named())
  }

  async #pointOrNot({ name, editing }: Process): Promise<void> {
    const { ledger, log } = this.#scene
    const { era } = ledger
    const [point] = this.#points()
    if (point !== undefined) {
      if (this.#scene.random.chance(0.5)) return
      ledger.promises.release('a point')
      await removePoint(topic, point, editing)
      log(`${name}: no point any more`)
      return
    }
    const before = new Set(ledger.named().map(({ id }) => id))
    const { at } = await addPoint(topic, { name: 'release' }, editing)
    log(`${name}: a point at ${at}`)
    if (ledger.era !== era) return
    const kept = ledger.named().filter(({ id, expires }) => {
      return before.has(id) && (expires === null || Date.parse(expires) > Date.parse(at))
    })
    ledger.promises.keep('a point', kept)
  }

  async #undo({ name, editing }: Process): Promise<void> {
    const { ledger, log } = this.#scene
    const { era } = ledger
    const { restored } = await takeBackExpired(topic, editing)
    log(`${name}: took ${restored.length} marks back`)
    if (ledger.era !== era) return
    const ids = new Set(restored.map(({ id }) => id))
    ledger.promises.keep(
      'the undo',
      ledger.named().filter(({ id }) => ids.has(id)),
    )
  }

  async #mark(process: Process): Promise<void> {
    process.phase = 'mark'
    const marked = await markExpired(topic, process.editing)
    this.#scene.log(`${process.name}: marked ${marked.length}`)
  }

  async #prune(process: Process): Promise<void> {
    const session = await this.#writing.acquire(process)
    await this.#writing.prune(process, session)
    process.phase = 'release'
    process.session = undefined
    await session.release()
  }

  async #accept({ name, storage, editing: { ids } }: Process): Promise<void> {
    const { edited } = await acceptIndex(storage, topic, { ids })
    this.#scene.log(`${name}: accepted ${edited ? 'the edit' : 'nothing'}`)
  }

  async #rebuild(process: Process): Promise<void> {
    const { name, storage, clock } = process
    process.phase = 'rebuild'
    await using worker = await this.#scene.world.worker(name, { clock })
    const { index } = await rebuildIndex(topic, { storage, worker, retention })
    this.#scene.log(`${name}: rebuilt the index, epoch ${index.epoch}`)
  }

  #holds(): number {
    const index = this.#index()
    return index === undefined ? 0 : readHolds(index).length
  }

  #points(): readonly string[] {
    const index = this.#index()
    return index === undefined ? [] : readPoints(index).map(({ name, at }) => name ?? at)
  }

  #index() {
    const bytes = this.#scene.world.bytes(keys.index)
    try {
      return bytes && parseIndex(bytes, topic)
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      return undefined
    }
  }
}
