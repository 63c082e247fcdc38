import { describe, expect, test } from 'vitest'
import {
  assertAllMatch,
  namedTopics,
  parseTopicMatcher,
  selectTopics,
  type TopicSelection,
} from './topic-matcher.ts'

function selection(include: readonly string[], exclude: readonly string[] = []): TopicSelection {
  return { include: include.map(parseTopicMatcher), exclude: exclude.map(parseTopicMatcher) }
}

const topics = ['orders', 'orders.eu', 'orders-eu', 'Orders', 'payments', 'x'].map((name) => ({
  name,
  internal: false,
}))

describe('a selection of topics', () => {
  test.each([
    ['orders', ['orders']],
    ['orders.*', ['orders.eu']],
    ['orders*', ['orders', 'orders-eu', 'orders.eu']],
    ['orders?eu', ['orders-eu', 'orders.eu']],
    ['?', ['x']],
    ['*', ['Orders', 'orders', 'orders-eu', 'orders.eu', 'payments', 'x']],
    ['/orders/', ['orders']],
    ['/.rders|payments/', ['Orders', 'orders', 'payments']],
    ['/orders.eu/', ['orders-eu', 'orders.eu']],
  ])('finds them by %s', (text, expected) => {
    expect(selectTopics(topics, selection([text]))).toEqual(expected)
  })

  test('leaves out what an exclusion matches, whatever includes it', () => {
    expect(selectTopics(topics, selection(['orders', 'orders*'], ['orders', '/.*-eu/']))).toEqual([
      'orders.eu',
    ])
  })

  test('has internal topics only by their exact name', () => {
    const withInternal = [
      { name: '__consumer_offsets', internal: true },
      { name: '__amazon_msk_canary', internal: false },
      { name: 'orders', internal: false },
    ]
    expect(selectTopics(withInternal, selection(['*', '__*', '/.*/']))).toEqual(['orders'])
    expect(selectTopics(withInternal, selection(['*', '__consumer_offsets']))).toEqual([
      '__consumer_offsets',
      'orders',
    ])
  })

  test('a selection of names alone does not need the list of all topics', () => {
    expect(namedTopics(selection(['a', 'b']))).toEqual(['a', 'b'])
    expect(namedTopics(selection(['a', 'b*']))).toBeUndefined()
  })
})

describe('a pattern of topics', () => {
  test.each(['', 'a b', 'a/b', '/', '..', 'a{b}', 'é', 'x'.repeat(250), '/(/', '/a)|(b/'])(
    '%j is refused',
    (text) => {
      expect(() => parseTopicMatcher(text)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      )
    },
  )

  test('a pattern that finds no topic is an error', () => {
    expect(() => assertAllMatch(selection(['orders', 'oders.*']), ['orders'])).toThrow(
      expect.objectContaining({ code: 'KAFKA_TOPIC_UNKNOWN', facts: { pattern: 'oders.*' } }),
    )
    expect(() => assertAllMatch(selection(['orders', 'o*']), ['orders'])).not.toThrow()
  })
})
