import { isBackupDamage, KanneryError } from '@kannery/storage'
import { sleepUnlessAborted } from '@kannery/storage/client'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, JsonObject } from '../index-file/format/model.ts'
import { type EditOptions, type Hold, holdsAt } from './holds.ts'
import { timeOfBackup } from './storage-now.ts'

/** Sets how long a reader's hold lasts, and how often it is renewed, milliseconds. */
export interface UseTiming {
  /**
   * How long a hold lasts without a renewal, and so how long that of a dead process keeps the
   * topic.
   */
  readonly lastsMs: number
  readonly renewEveryMs: number
}

/** The default timing: a hold of an hour, renewed every 20 minutes. */
const defaultUseTiming: UseTiming = { lastsMs: 3_600_000, renewEveryMs: 1_200_000 }

/** Sets how the hold of a reader is kept. */
export interface UseOptions extends EditOptions {
  /** Defaults to a hold of an hour, renewed every 20 minutes. */
  readonly timing?: UseTiming | undefined
  /**
   * Called when the hold cannot be added or renewed: what is read may then be deleted meanwhile.
   */
  readonly onWarning: (warning: KanneryError) => void
}

type Outcome = 'done' | 'without' | 'failed'

/** A renewal that failed is tried again so much sooner than the next one is due. */
const retryDivisor = 10

/**
 * Keeps a topic's backup from being deleted while it is read, by a hold that is renewed. The hold
 * ends when this is disposed of, and by itself when the process dies. Works for copies, too. A
 * reader without permission to write reads without a hold.
 */
export class BackupUse implements AsyncDisposable {
  readonly #topic: string
  readonly #options: UseOptions
  readonly #hold: Pick<Hold, 'name' | 'reason'>
  readonly #ended = new AbortController()
  #renewing: Promise<void> | undefined

  private constructor(topic: string, reason: string, options: UseOptions) {
    this.#topic = topic
    this.#options = options
    this.#hold = { name: `in-use-${options.ids.next()}`, reason }
  }

  /**
   * Adds the hold, and renews it until this is disposed of. Errors of the storage do not reject it:
   * a hold that cannot be added is a warning, unless the permission to write is missing, or the
   * reader gets the same error itself.
   *
   * @param reason why the topic is in use, for people: it becomes the `reason` of the hold
   */
  static async begin(topic: string, reason: string, options: UseOptions): Promise<BackupUse> {
    const use = new BackupUse(topic, reason, options)
    const outcome = await use.#put()
    if (outcome !== 'without') use.#renewing = use.#renewUntilEnded(outcome)
    return use
  }

  /** Removes the hold. If that fails, the hold ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    if (this.#renewing === undefined) return
    await this.#renewing
    await this.#attempt(() => this.#edit((holds) => holds))
  }

  async #put(): Promise<Outcome> {
    const { timing = defaultUseTiming } = this.#options
    return await this.#attempt(async () => {
      const nowMs = await timeOfBackup(this.#topic, this.#options)
      const since = new Date(nowMs).toISOString()
      const until = new Date(nowMs + timing.lastsMs).toISOString()
      await this.#edit((holds, own) => [
        ...holdsAt({ holds }, nowMs),
        { ...this.#hold, since: own?.['since'] ?? since, until },
      ])
    })
  }

  async #edit(
    change: (others: readonly JsonObject[], own: JsonObject | undefined) => readonly JsonObject[],
  ): Promise<void> {
    const { storage, ids } = this.#options
    const isOwn = ({ name }: JsonObject): boolean => name === this.#hold.name
    const edit = (index: Index): Index => {
      const others = index.holds.filter((hold) => !isOwn(hold))
      return { ...index, holds: change(others, index.holds.find(isOwn)) }
    }
    await editIndex(storage, this.#topic, { ids, edit, copyToo: true })
  }

  async #renewUntilEnded(first: Outcome): Promise<void> {
    const { clock, timing = defaultUseTiming } = this.#options
    const pauseAfter = (outcome: Outcome): number =>
      outcome === 'done' ? timing.renewEveryMs : timing.renewEveryMs / retryDivisor
    let pauseMs = pauseAfter(first)
    while (await sleepUnlessAborted(clock, pauseMs, this.#ended.signal))
      pauseMs = pauseAfter(await this.#put())
  }

  async #attempt(work: () => Promise<void>): Promise<Outcome> {
    try {
      await work()
      return 'done'
    } catch (error) {
      if (!KanneryError.is(error)) throw error
      if (isOfReading(error)) return 'without'
      this.#options.onWarning(asWarning(this.#topic, error))
      return 'failed'
    }
  }
}

/**
 * Whether an error is no reason for a warning: a missing permission, or an error that the reader
 * gets itself.
 */
function isOfReading(error: KanneryError): boolean {
  return (
    isBackupDamage(error) ||
    KanneryError.is(
      error,
      'STORAGE_DENIED',
      'STORAGE_UNAUTHENTICATED',
      'STORAGE_NOT_FOUND',
      'STORAGE_CONTAINER_NOT_FOUND',
    )
  )
}

function asWarning(topic: string, cause: KanneryError): KanneryError {
  return cause.with({
    message: `the backup of topic "${topic}" is not marked as in use`,
    why: `${cause.message}; what its retention deletes meanwhile cannot be read any more`,
    remedy: 'Nothing has to be done unless this takes more than a day.',
  })
}
