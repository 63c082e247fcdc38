import { KanneryError } from '@kannery/storage'
import type { Incarnation, Index, JsonObject } from '../index-file/format/model.ts'
import type { NamedObject } from '../layout/keys.ts'
import { holdsAt } from '../retention/holds.ts'

/**
 * Checks that `source` is the same or a later state of the backup that `target` is a copy of. A
 * copy must not overwrite a backup, the copy of another backup, or a newer state.
 *
 * @throws INDEX_FOREIGN
 */
export function assertContinuesCopy(target: Index, source: Index): void {
  const { copyOf, topic } = target
  if (copyOf === undefined) throw notItsCopy(topic, 'the target holds a backup of its own')
  if (copyOf.cluster !== source.cluster) {
    const why = `it was copied from a backup of Kafka cluster ${copyOf.cluster}; this one is of ${source.cluster}`
    throw notItsCopy(topic, why)
  }
  if (!target.incarnations.every((one, n) => isSameIncarnation(one, source.incarnations[n]))) {
    throw notItsCopy(topic, 'it was copied from another backup of the topic')
  }
  if (copyOf.commit !== undefined && source.commit < copyOf.commit) {
    throw notItsCopy(topic, 'it was copied from a newer state of the backup')
  }
}

/** Whether `target` already is a copy of this state of `source`. */
export function isCopyOfNow({ copyOf }: Index, source: Index): boolean {
  return copyOf?.commit === source.commit && copyOf.edited === source.edited
}

/**
 * Returns the holds of readers of the copy `target` at a time by its storage's clock, milliseconds.
 */
export function holdsOfReaders(target: Index, source: Index, nowMs: number): readonly JsonObject[] {
  const ofSource = new Set(source.holds.map(({ name }) => name))
  return holdsAt(target, nowMs).filter(
    ({ name, until }) => until !== undefined && !ofSource.has(name),
  )
}

/** The parts of a copy's index that differ from its source. */
export interface CopyState {
  /** When the copy is made: ISO 8601, by the target's clock. */
  readonly at: string
  /**
   * All its garbage. Objects that were garbage before keep their time, the others are garbage since
   * `at`.
   */
  readonly garbage: readonly NamedObject[]
}

/**
 * Returns the index of a copy: it names what `source` names, under the epoch and the nonce of the
 * writer of `target`. Its garbage is its own, because its folder has other objects than the source.
 * Holds of readers of the copy are kept until they end.
 */
export function asCopy(target: Index, source: Index, { at, garbage }: CopyState): Index {
  assertContinuesCopy(target, source)
  const { epoch, writer, commit } = target
  const { edited, copyOf: _, ...copied } = source
  const { cluster, commit: copiedCommit } = source
  const origin = { cluster, commit: copiedCommit, ...(edited === undefined ? {} : { edited }), at }
  const holds = [...source.holds, ...holdsOfReaders(target, source, Date.parse(at))]
  const since = new Map(target.garbage.map((entry) => [entry.id, entry.since]))
  const own = garbage.map(({ id, kind }) => ({ id, kind, since: since.get(id) ?? at }))
  return { ...copied, holds, garbage: own, epoch, writer, commit, copyOf: origin }
}

/**
 * The time at which it began identifies the incarnation of one backup: no two begin in the same
 * millisecond.
 */
function isSameIncarnation(one: Incarnation, other: Incarnation | undefined): boolean {
  return one.topicId === other?.topicId && one.branch === other.branch && one.since === other.since
}

function notItsCopy(topic: string, why: string): KanneryError {
  return new KanneryError(
    'INDEX_FOREIGN',
    `the target holds something else of topic "${topic}" than a copy of this backup`,
    { why, remedy: 'It was left alone. Copy to another prefix.', facts: { topic } },
  )
}
