import { type Clock, KanneryError, type StorageBackend } from '@kannery/storage'
import { editIndex } from '../index-file/edit-index.ts'
import type { Index, JsonObject } from '../index-file/format/model.ts'
import type { UlidSource } from '../ulid/ulid.ts'
import { timeOfBackup } from './storage-now.ts'

/** Provides what an edit of an index beside a running writer needs. */
export interface EditOptions {
  readonly storage: StorageBackend
  readonly clock: Clock
  readonly ids: UlidSource
}

/** A hold, which keeps everything of a topic from being deleted. */
export interface Hold {
  readonly name: string
  /** Why the hold was added, for people. */
  readonly reason?: string
  /** When it was added: ISO 8601, by the storage's clock. */
  readonly since?: string
  /**
   * When it ends by itself: ISO 8601, by the storage's clock. When absent, the hold is kept until
   * it is removed.
   */
  readonly until?: string
}

/**
 * Returns the holds of an index in the order in which they were added, including those that have
 * ended and those of readers. One without a readable name is named `?`, and holds the topic, too.
 */
export function readHolds({ holds }: Index): readonly Hold[] {
  return holds.map((stored) => {
    const text = (key: string): string | undefined => {
      const value = stored[key]
      return typeof value === 'string' ? value : undefined
    }
    const [reason, since, until] = [text('reason'), text('since'), text('until')]
    return {
      name: text('name') ?? '?',
      ...(reason === undefined ? {} : { reason }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    }
  })
}

/**
 * Returns the holds that keep the topic at a time by the storage's clock, milliseconds. A hold
 * whose end cannot be read never ends.
 */
export function holdsAt({ holds }: Pick<Index, 'holds'>, nowMs: number): readonly JsonObject[] {
  return holds.filter(({ until }) => !(typeof until === 'string' && Date.parse(until) <= nowMs))
}

/**
 * Adds a hold. Once it resolves, nothing of the topic expires, and what is marked already is not
 * deleted, until the hold is removed. An existing hold of that name is left as it is.
 *
 * @throws as editIndex
 */
export async function addHold(
  topic: string,
  hold: Pick<Hold, 'name' | 'reason'>,
  options: EditOptions,
): Promise<void> {
  const { storage, ids } = options
  const nowMs = await timeOfBackup(topic, options)
  const since = new Date(nowMs).toISOString()
  const added: JsonObject = { ...hold, since }
  const edit = (index: Index): Index =>
    index.holds.some(({ name }) => name === hold.name)
      ? index
      : { ...index, holds: [...index.holds, added] }
  await editIndex(storage, topic, { ids, edit })
}

/**
 * Removes a hold.
 *
 * @throws CONFIG_INVALID when there is no such hold; as editIndex
 */
export async function removeHold(
  topic: string,
  name: string,
  { storage, ids }: EditOptions,
): Promise<void> {
  const edit = (index: Index): Index => {
    const holds = index.holds.filter((hold) => hold['name'] !== name)
    if (holds.length === index.holds.length) throw noSuch('hold', topic, name)
    return { ...index, holds }
  }
  await editIndex(storage, topic, { ids, edit })
}

/** Makes the error for a hold or point that does not exist. */
export function noSuch(kind: 'hold' | 'point', topic: string, name: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `topic "${topic}" has no ${kind} "${name}"`, {
    remedy: `Check the name of the ${kind}.`,
    advice: { id: kind === 'hold' ? 'list-holds' : 'list-points', topic },
    facts: { topic, name },
  })
}
