import { KanneryError } from '@kannery/storage'
import { quote } from './quote.ts'
import { matchingText, parsedText } from './schemas.ts'

/** What Kafka's class `org.apache.kafka.common.internals.Topic` allows. */
const topicCharacters = /^[a-zA-Z0-9._-]{1,249}$/
const patternCharacters = /^[a-zA-Z0-9._*?-]{1,249}$/

/** Name of one Kafka topic. */
export const topicName = matchingText(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/, {
  what: "a topic's name",
  right: 'Write 1 to 249 letters, digits, ".", "_" and "-".',
})

/** Whether a pattern is the name of one topic. */
export function isTopicName(pattern: string): boolean {
  return topicCharacters.test(pattern)
}

/** A problem for each entry of `excludeTopics` that is also in `topics`, as it is written. */
export function* chosenAndExcluded(topics: readonly string[], excluded: readonly string[] = []) {
  for (const [index, pattern] of excluded.entries()) {
    if (!topics.includes(pattern)) continue
    // A pattern may hold a secret.
    const what = isTopicName(pattern) ? quote(pattern) : 'the pattern'
    yield {
      code: 'custom' as const,
      path: ['excludeTopics', index],
      message: `${what} is both chosen and left out`,
      params: { right: 'Remove it from one of the two.' },
    }
  }
}

/** The beginning or the end of a topic's name. */
export const topicNamePart = matchingText(topicCharacters, {
  what: "a part of a topic's name",
  right: 'Write letters, digits, ".", "_" and "-".',
})

/** A topic's name, a glob with `*` and `?`, or a regular expression between slashes. */
export const topicPattern = parsedText(
  checkTopicPattern,
  "Write a topic's name, a pattern with * and ?, or a regular expression between slashes.",
)

/** @throws CONFIG_INVALID */
function checkTopicPattern(text: string): string {
  if (text.length > 1 && text.startsWith('/') && text.endsWith('/')) return checkExpression(text)
  if (patternCharacters.test(text) && text !== '.' && text !== '..') return text
  throw new KanneryError('CONFIG_INVALID', `not a topic or pattern: ${quote(text)}`, {
    remedy:
      "Write a topic's name, a pattern with * and ?, or a regular expression between slashes.",
  })
}

function checkExpression(text: string): string {
  try {
    new RegExp(text.slice(1, -1), 'u')
    return text
  } catch (cause) {
    throw new KanneryError('CONFIG_INVALID', `not a regular expression: ${quote(text)}`, {
      // The message repeats the expression, before what is wrong with it.
      remedy: `Correct it: ${String(cause).replace(/^.*: /s, '')}.`,
      cause,
    })
  }
}
