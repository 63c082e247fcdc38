import { describe } from 'vitest'
import { cluster, testWrong } from '../../test/wrong-documents.ts'

describe('a wrong KafkaCluster', () => {
  testWrong({
    'a secret beside a reference': [
      cluster(
        '{bootstrapServers: ["b:1"], sasl: {mechanism: PLAIN, username: me, password: {environment: P, value: hunter2}}}',
      ),
      'spec.sasl.password.value',
      /holds a secret/,
      /{environment: NAME}/,
    ],
    'a user before a broker': [
      cluster('{bootstrapServers: ["hunter2@localhost:9092"]}'),
      'spec.bootstrapServers[0]',
      /the value is not a broker's address/,
      /without a user/,
    ],
    'a password for a mechanism': [
      cluster(
        '{bootstrapServers: ["b:1"], sasl: {mechanism: hunter2, username: me, password: {environment: P}}}',
      ),
      'spec.sasl.mechanism',
      /the value is not known/,
      /PLAIN or SCRAM-SHA-256/,
    ],
    'no broker': [cluster('{}'), 'spec', /no Kafka broker is named/, /bootstrapServers/],
    'brokers as text': [
      cluster('{bootstrapServers: "localhost:9092"}'),
      'spec.bootstrapServers',
      /is text, not a list/,
      /\[localhost:9092\]/,
    ],
    'a broker without a port': [
      cluster('{bootstrapServers: [localhost]}'),
      'spec.bootstrapServers[0]',
      /"localhost" is not a broker's address/,
      /host:port/,
    ],
    'a password before a broker': [
      cluster('{bootstrapServers: ["me:hunter2@localhost:9092"]}'),
      'spec.bootstrapServers[0]',
      /holds a secret/,
      /spec\.sasl\.username/,
    ],
    'a certificate without its key': [
      cluster('{bootstrapServers: ["b:1"], tls: {certificate: {file: /c.pem}}}'),
      'spec.tls',
      /a client certificate needs its key/,
      /both certificate and key/,
    ],
    'a private key itself': [
      cluster(
        '{bootstrapServers: ["b:1"], tls: {certificate: {file: /c.pem}, key: "-----BEGIN PRIVATE KEY-----hunter2"}}',
      ),
      'spec.tls.key',
      /holds a secret/,
      /{file: \/path}/,
    ],
    'an unknown mechanism': [
      cluster(
        '{bootstrapServers: ["b:1"], sasl: {mechanism: MAGIC, username: me, password: {environment: P}}}',
      ),
      'spec.sasl.mechanism',
      /the value is not known/,
      /PLAIN or SCRAM-SHA-256/,
    ],
    'a password itself': [
      cluster(
        '{bootstrapServers: ["b:1"], sasl: {mechanism: PLAIN, username: me, password: hunter2}}',
      ),
      'spec.sasl.password',
      /holds a secret/,
      /{environment: NAME}/,
    ],
    'a password in place of its variable': [
      cluster(
        '{bootstrapServers: ["b:1"], sasl: {mechanism: PLAIN, username: me, password: {environment: "hunter2!"}}}',
      ),
      'spec.sasl.password.environment',
      /the value is not the name of an environment variable/,
      /name of the variable/,
    ],
    'a reference to nothing': [
      cluster('{bootstrapServers: ["b:1"], sasl: {mechanism: PLAIN, username: me, password: {}}}'),
      'spec.sasl.password',
      /names none of file, environment/,
      /exactly one of file, environment/,
    ],
    'a port that does not exist': [
      cluster('{bootstrapServers: ["localhost:9092", "localhost:65536"]}'),
      'spec.bootstrapServers[1]',
      /"localhost:65536" is not a broker's address/,
      /1 to 65535/,
    ],
    'a port of zero': [
      cluster('{bootstrapServers: ["localhost:0"]}'),
      'spec.bootstrapServers[0]',
      /not a broker's address/,
      /1 to 65535/,
    ],
    'text for a group of fields': [
      cluster('{bootstrapServers: ["b:1"], sasl: PLAIN}'),
      'spec.sasl',
      /is text, not fields/,
      /mechanism, username, password/,
    ],
  })
})
