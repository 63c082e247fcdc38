import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Clock, ObjectVersion, Random, WriteCondition } from '@kannery/storage'
import type { FileSystem } from './disk/file-system.ts'
import type { UnflushedNames } from './disk/unflushed-names.ts'
import {
  type Attempt,
  alreadyExists,
  contended,
  isErrno,
  notDurable,
  preconditionFailed,
  rewriteNeeded,
} from './errors.ts'
import { newId, type ObjectNames } from './object-names.ts'
import { type ObjectStats, statObject, versionOf } from './object-stats.ts'

/** How many rounds one write may lose before it gives up without having stored anything. */
const maxRounds = 64
const longestPauseMs = 64

/**
 * The part of a time below a millisecond, in steps that are still distinct in a number of seconds.
 */
const marks = 1000
const markNs = 1_000n
/** Each is coarser than the one before: not every file system keeps microseconds. */
const timeStepsNs = [1_000n, 1_000_000n, 100_000_000n, 2_000_000_000n]

/** What {@link Claims} are made of. */
export interface ClaimsOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** Whether the file system has hard links; they then decide which writer creates a name. */
  readonly hardLinks: boolean
  readonly unflushed: UnflushedNames
}

/** Name of a removed object in the claim of the writer that removed it. */
const removedName = 'removed'

interface Claim {
  readonly path: string
  /** Where other writers move it. Its owner finds the file there, and may try again with it. */
  readonly aside: string
}

/**
 * Conditional changes of a name, on a file system that has none. A writer that wants to change a
 * name
 *
 * 1. puts a claim of its own beside it: a new path in `.kannery` that is never used again;
 * 2. lists the other claims on that name and moves each of them aside;
 * 3. looks at the name and judges the condition;
 * 4. changes the name by one call that needs the claim's path, and so fails if another writer moved
 *    the claim aside.
 *
 * Between (3) and a successful (4) no other writer has done its (4). If its claim had existed when
 * we listed, we would have moved it aside before (3). So it was made later; its owner then listed
 * later still, found our claim (which stayed until our (4)), and moved it aside before its own (4):
 * ours would have failed.
 *
 * Thus a process that was stopped anywhere, for any time, does no harm when it continues, no
 * process waits for a dead one, and no history is kept: a crash leaves only unfinished files.
 * Reasons and alternatives: docs/adr/0001-volume-claims.md.
 */
export class Claims {
  readonly #files: FileSystem
  readonly #clock: Clock
  readonly #random: Random
  readonly #hardLinks: boolean
  readonly #unflushed: UnflushedNames
  #latestTimeNs = 0n

  constructor(options: ClaimsOptions) {
    this.#files = options.files
    this.#clock = options.clock
    this.#random = options.random
    this.#hardLinks = options.hardLinks
    this.#unflushed = options.unflushed
  }

  /**
   * Gives a finished and flushed file the name of an object; durable when it resolves. However it
   * ends, the file is no longer in the machinery.
   *
   * @param unfinished path of the file, in the machinery beside the object
   * @throws STORAGE_NOT_DURABLE when it has the name, but the folder could not be flushed
   * @throws STORAGE_REWRITE_NEEDED when the file was swept in the meantime
   */
  async publish(
    names: ObjectNames,
    unfinished: string,
    condition: WriteCondition,
    attempt: Attempt,
  ): Promise<ObjectStats> {
    let whereabouts = [unfinished]
    try {
      for (let round = 0; round < maxRounds; round++) {
        await this.#pause(round)
        judge(condition, await statObject(this.#files, attempt), attempt)
        const claim = this.#newClaim(names)
        await this.#claimWith(whereabouts, claim, attempt)
        whereabouts = [claim.path, claim.aside]
        const published = await this.#changeUnlessMovedAside(async () => {
          const present = await this.#presentAfterClaiming(names, claim, attempt)
          judge(condition, present, attempt)
          const stats = await this.#distinctFrom(present, claim.path)
          this.#unflushed.add(names.path)
          await this.#giveName(claim, stats, condition, attempt)
          return stats
        })
        if (published === undefined) continue
        whereabouts = []
        await this.#makeDurable(names, attempt)
        return published
      }
      throw contended(attempt)
    } finally {
      await this.#discard(whereabouts)
    }
  }

  /**
   * Removes an object and returns whether it existed; durable only after
   * {@link UnflushedNames.flush}. The claim is a folder here: moving the object into it fails once
   * it was moved aside.
   */
  async remove(
    names: ObjectNames,
    ifVersion: ObjectVersion | undefined,
    attempt: Attempt,
  ): Promise<boolean> {
    for (let round = 0; round < maxRounds; round++) {
      await this.#pause(round)
      const claim = this.#newClaim(names)
      await this.#files.mkdir(claim.path, 0o700)
      try {
        const removed = await this.#changeUnlessMovedAside(async () => {
          const present = await this.#presentAfterClaiming(names, claim, attempt)
          if (present === undefined) return false
          if (ifVersion !== undefined && versionOf(present) !== ifVersion) {
            throw preconditionFailed(attempt)
          }
          this.#remember(present)
          this.#unflushed.add(names.path)
          await this.#moveInto(claim, present, names.path)
          return true
        })
        if (removed !== undefined) return removed
      } finally {
        await this.#discard([claim.path, claim.aside])
      }
    }
    throw contended(attempt)
  }

  #newClaim(names: ObjectNames): Claim {
    const id = newId(this.#random)
    return {
      path: join(names.machinery, `${claimPrefix(names)}${id}`),
      aside: join(names.machinery, `aside-${id}`),
    }
  }

  /** The file is in one of its whereabouts: where it was put, or where another writer moved it. */
  async #claimWith(whereabouts: readonly string[], claim: Claim, attempt: Attempt): Promise<void> {
    for (const path of whereabouts) {
      try {
        await this.#files.rename(path, claim.path)
        return
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
      }
    }
    throw rewriteNeeded(attempt)
  }

  async #presentAfterClaiming(
    names: ObjectNames,
    own: Claim,
    attempt: Attempt,
  ): Promise<ObjectStats | undefined> {
    const prefix = claimPrefix(names)
    for (const name of await this.#files.readdir(names.machinery)) {
      const path = join(names.machinery, name)
      if (!name.startsWith(prefix) || path === own.path) continue
      const aside = join(names.machinery, `aside-${name.slice(prefix.length)}`)
      try {
        await this.#files.rename(path, aside)
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
      }
    }
    return await statObject(this.#files, attempt)
  }

  /** Returns undefined when the claim's path does not exist, so that nothing was changed. */
  async #changeUnlessMovedAside<T>(change: () => Promise<T>): Promise<T | undefined> {
    try {
      return await change()
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /**
   * Gives the file a modification time that makes its version a new one, and returns its state.
   *
   * Inodes are used again at once, and the clock of a file system ticks every few milliseconds or
   * is set back. A time later than that of the state before keeps the versions of a name apart;
   * random microseconds do where another process removed the state before within the same tick.
   */
  async #distinctFrom(present: ObjectStats | undefined, path: string): Promise<ObjectStats> {
    let stats = await this.#files.lstat(path, { bigint: true })
    const before = present?.mtimeNs ?? this.#latestOfTheSameTick(stats)
    const marked = stats.mtimeNs - (stats.mtimeNs % 1_000_000n) + this.#randomMark()
    const later = timeStepsNs.map((step) => before + step)
    for (const time of marked > before ? [marked, ...later] : later) {
      const seconds = Number(time) / 1e9
      await this.#files.utimes(path, seconds, seconds)
      stats = await this.#files.lstat(path, { bigint: true })
      if (stats.mtimeNs > before) break
    }
    this.#remember(stats)
    return stats
  }

  #randomMark(): bigint {
    const [high = 0, low = 0] = this.#random.bytes(2)
    return BigInt((high * 256 + low) % marks) * markNs
  }

  /** Where the name does not exist, what was removed a moment ago may have had this inode. */
  #latestOfTheSameTick(stats: ObjectStats): bigint {
    const ahead = this.#latestTimeNs - stats.mtimeNs
    return ahead < 1_000_000_000n ? this.#latestTimeNs : 0n
  }

  #remember(stats: ObjectStats): void {
    if (stats.mtimeNs > this.#latestTimeNs) this.#latestTimeNs = stats.mtimeNs
  }

  async #giveName(
    claim: Claim,
    stats: ObjectStats,
    condition: WriteCondition,
    attempt: Attempt,
  ): Promise<void> {
    // Unlike a rename, a link never replaces what another program has just put there.
    const linked = condition.kind === 'if-absent' && this.#hardLinks
    try {
      if (linked) await this.#files.link(claim.path, attempt.path)
      else await this.#files.rename(claim.path, attempt.path)
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EEXIST')) throw error
      const present = await statObject(this.#files, attempt)
      const isOurs = present !== undefined && versionOf(present) === versionOf(stats)
      if (!isOurs) throw isErrno(error, 'EEXIST') && present ? alreadyExists(attempt) : error
      // A network file system lost the first answer and asked again: the change was done already.
    }
    if (linked) await this.#discard([claim.path, claim.aside])
  }

  async #moveInto(claim: Claim, present: ObjectStats, path: string): Promise<void> {
    try {
      await this.#files.rename(path, join(claim.path, removedName))
    } catch (error) {
      // As above. If others moved the claim aside after the first answer, the object is in there.
      if (!isErrno(error, 'ENOENT') || !(await this.#holds(claim, present))) throw error
    }
  }

  async #holds(claim: Claim, removed: ObjectStats): Promise<boolean> {
    for (const folder of [claim.path, claim.aside]) {
      try {
        const found = await this.#files.lstat(join(folder, removedName), { bigint: true })
        if (versionOf(found) === versionOf(removed)) return true
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
      }
    }
    return false
  }

  async #makeDurable(names: ObjectNames, attempt: Attempt): Promise<void> {
    try {
      await this.#unflushed.flush(names.folder, [names.path])
    } catch (error) {
      throw notDurable(attempt, error)
    }
  }

  /** Best effort, so that it hides no other error: what is left is swept later. */
  async #discard(whereabouts: readonly string[]): Promise<void> {
    for (const path of whereabouts) {
      await this.#files.rm(path, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  /** A random pause, so that two writers do not move each other aside forever. */
  async #pause(round: number): Promise<void> {
    if (round === 0) return
    const [byte = 0] = this.#random.bytes(1)
    await this.#clock.sleep((byte / 256) * Math.min(2 ** round, longestPauseMs))
  }
}

/** Checks the condition of a write. @throws STORAGE_ALREADY_EXISTS, STORAGE_PRECONDITION_FAILED */
export function judge(
  condition: WriteCondition,
  present: ObjectStats | undefined,
  attempt: Attempt,
): void {
  switch (condition.kind) {
    case 'overwrite':
      return
    case 'if-absent':
      if (present !== undefined) throw alreadyExists(attempt)
      return
    case 'if-version':
      if (present === undefined || versionOf(present) !== condition.version) {
        throw preconditionFailed(attempt)
      }
  }
}

/**
 * Names that some disk might not distinguish share their claims. A hash collision costs a round.
 */
function claimPrefix(names: ObjectNames): string {
  const folded = names.name.normalize('NFKC').toLowerCase()
  return `claim-${createHash('sha256').update(folded).digest('hex').slice(0, 16)}-`
}
