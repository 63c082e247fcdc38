import { KanneryError } from '@kannery/storage'

/** A topic's name, or a pattern of names. Made by `parseTopicMatcher`. */
export interface TopicMatcher {
  /** The name or pattern as it was written. */
  readonly text: string
  /** `name`: the exact name of one topic. */
  readonly kind: 'name' | 'glob' | 'regex'
  matches(topic: string): boolean
}

/** Which topics of a cluster are backed up. */
export interface TopicSelection {
  readonly include: readonly TopicMatcher[]
  /** Topics that are left out even where `include` matches them. */
  readonly exclude: readonly TopicMatcher[]
}

/**
 * Parses a topic's name, a glob (`*` any characters, `?` one character) or a regular expression
 * between slashes that must match the whole name.
 *
 * @throws CONFIG_INVALID
 */
export function parseTopicMatcher(text: string): TopicMatcher {
  if (text.length > 1 && text.startsWith('/') && text.endsWith('/')) return parseRegex(text)
  if (!/^[a-zA-Z0-9._*?-]{1,249}$/.test(text) || text === '.' || text === '..') {
    throw new KanneryError('CONFIG_INVALID', `not a topic or pattern: ${JSON.stringify(text)}`, {
      why: 'topic names are letters, digits, ".", "_" and "-", at most 249 of them',
      remedy:
        "Write a topic's name, a pattern with * and ?, or a regular expression between slashes.",
    })
  }
  if (!/[*?]/.test(text)) return { text, kind: 'name', matches: (topic) => topic === text }
  const pattern = text.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll(/\*+/g, '.*')
  const regex = new RegExp(`^${pattern}$`)
  return { text, kind: 'glob', matches: (topic) => regex.test(topic) }
}

function parseRegex(text: string): TopicMatcher {
  try {
    // Parsed without the group first: within it, "a)|(b" is valid and matches parts of names.
    const { source } = new RegExp(text.slice(1, -1), 'u')
    const regex = new RegExp(`^(?:${source})$`, 'u')
    return { text, kind: 'regex', matches: (topic) => regex.test(topic) }
  } catch (error) {
    throw new KanneryError('CONFIG_INVALID', `not a regular expression: ${text}`, {
      why: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  }
}

/**
 * Selects topics of the cluster, in order of their names. Internal topics (`__consumer_offsets`, …)
 * are selected only by their exact name.
 */
export function selectTopics(
  topics: readonly { readonly name: string; readonly internal: boolean }[],
  { include, exclude }: TopicSelection,
): readonly string[] {
  return topics
    .filter(({ name, internal }) => {
      const hidden = internal || isInternal(name)
      return (
        include.some((matcher) => (!hidden || matcher.kind === 'name') && matcher.matches(name)) &&
        !exclude.some((matcher) => matcher.matches(name))
      )
    })
    .map(({ name }) => name)
    .sort()
}

/** Whether only its exact name selects a topic, by the convention of Kafka's own names. */
export function isInternal(topic: string): boolean {
  return topic.startsWith('__')
}

/**
 * Returns the names when `include` has only names: then the other topics of the cluster need not be
 * asked for.
 */
export function namedTopics({ include }: TopicSelection): readonly string[] | undefined {
  return include.every(({ kind }) => kind === 'name') ? include.map(({ text }) => text) : undefined
}

/**
 * Checks that every name and pattern finds a topic: one that finds none is more often a typing
 * error than intended.
 *
 * @throws KAFKA_TOPIC_UNKNOWN for the first one that finds none of `selected`.
 */
export function assertAllMatch({ include }: TopicSelection, selected: readonly string[]): void {
  for (const matcher of include) {
    if (selected.some((topic) => matcher.matches(topic))) continue
    const { text, kind } = matcher
    throw new KanneryError(
      'KAFKA_TOPIC_UNKNOWN',
      kind === 'name' ? `no topic "${text}" to back up` : `no topic matches ${text}`,
      {
        why: 'the cluster has none, or does not show it to this user, or the selection excludes it',
        remedy:
          kind === 'name'
            ? 'Check the spelling: topic names are case-sensitive. The user needs the operation Describe on the topic.'
            : 'Check the pattern, and quote it so that the shell leaves it alone. Internal topics (__…) are only taken by their full name.',
        facts: { pattern: text },
      },
    )
  }
}
