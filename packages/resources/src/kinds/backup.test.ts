import { describe } from 'vitest'
import { backup, start, testWrong } from '../../test/wrong-documents.ts'

describe('a wrong Backup', () => {
  testWrong({
    'a secret for the name of a storage': [
      `${start('Backup')}{storage: "s3://me:hunter2@bucket", kafkaCluster: k, topics: [a]}}`,
      'spec.storage',
      /holds a secret/,
      /Storage or KafkaCluster/,
    ],
    'no storage': [
      `${start('Backup')}{kafkaCluster: k, topics: [orders]}}`,
      'spec.storage',
      /missing/,
      /name of a Storage/,
    ],
    'no topics': [
      `${start('Backup')}{storage: s, kafkaCluster: k, topics: []}}`,
      'spec.topics',
      /is empty/,
      /list of topics/,
    ],
    'a topic with a space': [
      `${start('Backup')}{storage: s, kafkaCluster: k, topics: [orders, "a b"]}}`,
      'spec.topics[1]',
      /not a topic or pattern: "a b"/,
      /pattern with \* and \?/,
    ],
    'a broken regular expression': [
      `${start('Backup')}{storage: s, kafkaCluster: k, topics: [/(/]}}`,
      'spec.topics[0]',
      /not a regular expression/,
      /Unterminated group/,
    ],
    'metrics at a port that does not exist': [
      backup('metrics: {address: "0.0.0.0:70000"}'),
      'spec.metrics.address',
      /"0\.0\.0\.0:70000" is not an address for metrics/,
      /1 to 65535/,
    ],
    'hardly any memory': [
      backup('memory: 1B'),
      'spec.memory',
      /less than 16MiB/,
      /256MiB is usual/,
    ],
    'segments of no age': [
      backup('segment: {maxAge: 0s}'),
      'spec.segment.maxAge',
      /no time/,
      /5m is usual/,
    ],
    'a number for a size': [backup('memory: 64'), 'spec.memory', /a number, not text/, /64MiB/],
    'a size of Kubernetes': [
      backup('segment: {maxSize: 64Mi}'),
      'spec.segment.maxSize',
      /not a size: "64Mi"/,
      /such as 64MiB/,
    ],
    'a duration with a space': [
      backup('segment: {maxAge: 5 m}'),
      'spec.segment.maxAge',
      /not a duration: "5 m"/,
      /without spaces/,
    ],
    'a misspelt field': [
      backup('excludeTopic: [a]'),
      'spec.excludeTopic',
      /known field/,
      /excludeTopics/,
    ],
    'another case': [
      backup('segment: {max_size: 1MiB}'),
      'spec.segment.max_size',
      /known field/,
      /Did you mean maxSize/,
    ],
    'true for once': [backup('once: true'), 'spec.once', /true or false, not fields/, /Write {}/],
    'an unknown codec': [
      backup('codec: gzip'),
      'spec.codec',
      /"gzip" is not known/,
      /zstd or none/,
    ],
    'a short lease': [backup('lease: {ttl: 10ms}'), 'spec.lease.ttl', /less than a second/, /5m/],
    'an unknown retention': [
      backup('retention: forever'),
      'spec.retention',
      /not a retention: "forever"/,
      /keep, or a duration/,
    ],
    'a number for an address': [
      backup('metrics: {address: 9090}'),
      'spec.metrics.address',
      /a number, not text/,
      /in quotes/,
    ],
    'nothing left to back up': [
      backup('excludeTopics: [payments, orders]'),
      'spec.excludeTopics[1]',
      /"orders" is both chosen and left out/,
      /Remove it from one of the two/,
    ],
    'a topic that is left out beside another that is not': [
      `${start('Backup')}{storage: s, kafkaCluster: k, topics: [orders, payments], excludeTopics: [payments]}}`,
      'spec.excludeTopics[0]',
      /"payments" is both chosen and left out/,
      /Remove it/,
    ],
    'a pattern that is left out': [
      `${start('Backup')}{storage: s, kafkaCluster: k, topics: [orders.*, a], excludeTopics: [orders.*]}}`,
      'spec.excludeTopics[0]',
      /the pattern is both chosen and left out/,
      /Remove it/,
    ],
  })
})
