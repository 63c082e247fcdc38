import { listTopics } from '@kannery/core/layout'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import { selectTopics, type TopicSelection } from '../capture/topics/topic-matcher.ts'
import type { TopicToRestore } from './restore-options.ts'

/** How restored topics are named in the target cluster. */
export interface TargetNames {
  /** Name in the backup → name in the target. Wins over `prefix` and `suffix`. */
  readonly map?: ReadonlyMap<string, string> | undefined
  /** Put before the names of all topics that are not in `map`. */
  readonly prefix?: string | undefined
  /** Put after the names of all topics that are not in `map`. */
  readonly suffix?: string | undefined
}

/**
 * Finds the topics of a backup that a selection means, in order of their names, and names them in
 * the target. Topics whose names begin with `__` are only taken by their full name. A topic that is
 * selected by its full name is taken whether or not there is a backup of it.
 *
 * @throws STORAGE_NOT_FOUND for a pattern that matches no topic; CONFIG_INVALID when the map names
 * a topic that is not selected; STORAGE_*.
 */
export async function chooseTopics(
  storage: StorageBackend,
  selection: TopicSelection,
  names: TargetNames,
): Promise<readonly TopicToRestore[]> {
  const known = new Set(
    selection.include.filter(({ kind }) => kind === 'name').map(({ text }) => text),
  )
  if (known.size < selection.include.length) {
    for await (const topic of listTopics(storage)) known.add(topic)
  }
  const candidates = Array.from(known, (name) => ({ name, internal: false }))
  const chosen = selectTopics(candidates, selection)
  for (const matcher of selection.include) {
    if (!chosen.some((topic) => matcher.matches(topic))) throw noneMatches(matcher.text)
  }
  for (const topic of names.map?.keys() ?? []) {
    if (!chosen.includes(topic)) throw namedInVain(topic)
  }
  return chosen.map((topic) => ({ topic, as: nameInTarget(topic, names) }))
}

function nameInTarget(topic: string, { map, prefix = '', suffix = '' }: TargetNames): string {
  return map?.get(topic) ?? `${prefix}${topic}${suffix}`
}

function noneMatches(pattern: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `no topic of the backup matches ${pattern}`, {
    why: 'the storage has none, or all that match are excluded',
    remedy: 'Check the pattern. Topics with names that begin with __ are only taken by full name.',
    facts: { pattern },
  })
}

function namedInVain(topic: string): KanneryError {
  return new KanneryError('CONFIG_INVALID', `topic "${topic}" is to be renamed but not restored`, {
    why: 'it is not among the topics that were chosen',
    remedy: 'Choose the topic, too, or leave out its new name.',
    facts: { topic },
  })
}
