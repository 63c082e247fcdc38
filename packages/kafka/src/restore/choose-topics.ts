import { listTopics } from '@kannery/core/layout'
import { KanneryError, type StorageBackend } from '@kannery/storage'
import {
  isInternal,
  parseTopicMatcher,
  type TopicMatcher,
} from '../capture/topics/topic-matcher.ts'
import type { TopicToRestore } from './restore-options.ts'

/** Topics of a backup to restore, and which of their records. */
export interface TopicEntry extends Pick<TopicToRestore, 'partitions' | 'incarnation'> {
  /** A topic's name, or a pattern as `parseTopicMatcher` takes it. */
  readonly source: string
  /** Name in the target cluster, if `source` is a name. Wins over prefix and suffix. */
  readonly target?: string | undefined
}

/** Which topics of a backup are restored, and how they are named in the target cluster. */
export interface TopicChoice {
  /** A topic's own entry wins over patterns that match it. */
  readonly topics: readonly TopicEntry[]
  /** Names and patterns of topics that are left out even if `topics` has them. */
  readonly excludeTopics?: readonly string[] | undefined
  /** Put before the names of all topics that have no target of their own. */
  readonly prefix?: string | undefined
  /** Put after the names of all topics that have no target of their own. */
  readonly suffix?: string | undefined
}

interface ParsedEntry extends TopicEntry {
  readonly matcher: TopicMatcher
}

/**
 * Finds the topics of a backup that are chosen, in order of their names, and names them in the
 * target. Topics whose names begin with `__` are only taken by their full name. A topic that is
 * chosen by its full name is taken whether or not there is a backup of it.
 *
 * @throws STORAGE_NOT_FOUND for an entry that matches no topic; CONFIG_INVALID for a topic with
 *   several entries that differ; STORAGE_*.
 */
export async function chooseTopics(
  storage: StorageBackend,
  { topics, excludeTopics = [], prefix = '', suffix = '' }: TopicChoice,
): Promise<readonly TopicToRestore[]> {
  const entries = topics.map((entry) => ({ ...entry, matcher: parseTopicMatcher(entry.source) }))
  const exclude = excludeTopics.map(parseTopicMatcher)
  const patterns = entries.filter(({ matcher }) => matcher.kind !== 'name')
  const named = Map.groupBy(
    entries.filter(({ matcher }) => matcher.kind === 'name'),
    ({ source }) => source,
  )
  const candidates = new Set(named.keys())
  if (patterns.length > 0) {
    for await (const topic of listTopics(storage)) candidates.add(topic)
  }
  const idle = new Set(entries)
  const chosen: TopicToRestore[] = []
  for (const topic of [...candidates].sort()) {
    if (exclude.some((matcher) => matcher.matches(topic))) continue
    const own = named.get(topic)
    const matching = patterns.filter(({ matcher }) => matcher.matches(topic))
    const defaultTarget = `${prefix}${topic}${suffix}`
    const entry = agreed(topic, own ?? (isInternal(topic) ? [] : matching), defaultTarget)
    if (entry === undefined) continue
    for (const used of [...(own ?? []), ...matching]) idle.delete(used)
    const { target = defaultTarget, partitions, incarnation } = entry
    chosen.push({ topic, as: target, partitions, incarnation })
  }
  const [unused] = idle
  if (unused !== undefined) throw noneMatches(unused.source)
  return chosen
}

/** Returns the only entry of a topic, or the first of several that mean the same. */
function agreed(
  topic: string,
  entries: readonly ParsedEntry[],
  defaultTarget: string,
): ParsedEntry | undefined {
  const [first, ...others] = entries
  if (first === undefined) return undefined
  const meaning = meaningOf(first, defaultTarget)
  const different = others.find((other) => meaningOf(other, defaultTarget) !== meaning)
  if (different === undefined) return first
  const message = `topic "${topic}" is to be restored in different ways`
  throw new KanneryError('CONFIG_INVALID', message, {
    why: `${describe(first)} and ${describe(different)} both choose it`,
    remedy: 'Leave one of them out: a topic is restored once in a restore.',
    facts: { topic, first: first.source, second: different.source },
  })
}

function meaningOf({ target, partitions, incarnation }: TopicEntry, defaultTarget: string): string {
  return JSON.stringify([
    target ?? defaultTarget,
    partitions?.toSorted((one, other) => one - other),
    incarnation,
  ])
}

function describe({ source, target, partitions, incarnation }: TopicEntry): string {
  const details = [
    ...(target === undefined ? [] : [`into "${target}"`]),
    ...(partitions === undefined ? [] : [`partitions ${partitions.join(', ')}`]),
    ...(incarnation === undefined ? [] : [`incarnation ${incarnation}`]),
  ]
  return details.length === 0 ? `"${source}"` : `"${source}" (${details.join('; ')})`
}

function noneMatches(pattern: string): KanneryError {
  return new KanneryError('STORAGE_NOT_FOUND', `no topic of the backup matches ${pattern}`, {
    why: 'the storage has none, or all that match are excluded',
    remedy: 'Check the pattern. Topics with names that begin with __ are only taken by full name.',
    facts: { pattern },
  })
}
