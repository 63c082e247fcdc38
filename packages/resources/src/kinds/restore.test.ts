import { describe, expect, test } from 'vitest'
import { restore, start, testWrong } from '../../test/wrong-documents.ts'
import { readDocuments } from '../parsing/parse-documents.ts'

describe('a wrong Restore', () => {
  testWrong({
    'a partition twice': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders, partitions: [0, 0, 0]}]}}`,
      'spec.topics[0].partitions',
      /names a partition twice/,
      /each partition once/,
    ],
    'two topics into one': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: a, target: c}, {source: b, target: c}]}}`,
      'spec.topics[1].target',
      /restored into "c", as topic "a" is/,
      /a name of its own/,
    ],
    'two topics into one by a prefix': [
      `${start('Restore')}{storage: s, kafkaCluster: k, prefix: c-, topics: [{source: a, target: c-b}, {source: b}]}}`,
      'spec.topics[0].target',
      /topic "a" is restored into "c-b", as topic "b" is/,
      /a name of its own/,
    ],
    'one topic into two': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: a, target: b}, {source: a, target: c}]}}`,
      'spec.topics[1]',
      /differs from an earlier entry of topic "a"/,
      /one entry for each topic/,
    ],
    'a restore of nothing': [
      `${start('Restore')}{}}`,
      'spec.topics',
      /missing/,
      /{source: orders}/,
    ],
    'a topic as text': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [orders]}}`,
      'spec.topics[0]',
      /is text, not fields/,
      /{source: orders}/,
    ],
    'one target for a pattern': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders.*, target: copy}]}}`,
      'spec.topics[0].target',
      /one name for all topics/,
      /prefix or suffix/,
    ],
    'a slash in a prefix': [restore('prefix: copy/'), 'spec.prefix', /not a part of/, /letters/],
    'no topic at a time': [restore('parallelism: 0'), 'spec.parallelism', /too small/, /from 1/],
    'a broken partition': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders, partitions: [-1]}]}}`,
      'spec.topics[0].partitions[0]',
      /-1 is too small/,
      /whole number from 0/,
    ],
    'a relative time': [
      restore('since: -90m'),
      'spec.since',
      /not a time: "-90m"/,
      /2026-11-23T10:00Z/,
    ],
    'a time without its zone': [
      restore('until: 2026-11-23T10:00'),
      'spec.until',
      /not a time/,
      /11:00\+01:00/,
    ],
    'a day that the month does not have': [
      restore('since: 2026-02-31'),
      'spec.since',
      /not a time: "2026-02-31"/,
      /2026-11-23T10:00Z/,
    ],
    'times the wrong way round': [
      restore('since: 2026-11-23, until: 2026-11-22'),
      'spec.until',
      /not after since/,
      /later time/,
    ],
    'no brokers for a copy': [
      restore('replicationFactor: 0'),
      'spec.replicationFactor',
      /0 is too small/,
      /from 1 to 32767/,
    ],
    'nothing left to restore': [
      restore('excludeTopics: [orders]'),
      'spec.excludeTopics[0]',
      /"orders" is both chosen and left out/,
      /Remove it from one of the two/,
    ],
    'a topic that is left out beside another that is not': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: a}, {source: b}], excludeTopics: [b]}}`,
      'spec.excludeTopics[0]',
      /"b" is both chosen and left out/,
      /Remove it/,
    ],
    'a partition with a zero before it': [
      `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders, partitions: [010]}]}}`,
      '',
      /010 is 10 in YAML 1\.2, and 8 for kubectl/,
      /without the zero/,
    ],
  })
})

describe('two topics of a Restore into one name that holds a secret', () => {
  test('are refused without the secret', () => {
    const topics = "[{source: b, target: 'https://me:hunter2@a'}, {source: a}]"
    const { problems } = readDocuments(
      `${start('Restore')}{storage: s, kafkaCluster: k, prefix: 'https://me:hunter2@', topics: ${topics}}}`,
    )

    expect(problems.map(({ field }) => field)).toEqual(['spec.prefix', 'spec.topics[0].target'])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })
})

describe('two entries of a Restore for one topic', () => {
  test('may both mean the target that it has without one', () => {
    const topics = '[{source: a}, {source: a, target: copy-a}]'
    const text = `${start('Restore')}{storage: s, kafkaCluster: k, prefix: copy-, topics: ${topics}}}`

    expect(readDocuments(text).problems).toEqual([])
  })
})
