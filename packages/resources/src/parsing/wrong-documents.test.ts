import { describe, expect, test } from 'vitest'
import { readDocuments } from './parse-documents.ts'

/** The beginning of a document, up to its spec. */
function start(kind: string): string {
  return `{apiVersion: kannery.io/v1alpha1, kind: ${kind}, metadata: {name: one}, spec: `
}
const storage = (spec: string): string => `${start('Storage')}${spec}}`
const cluster = (spec: string): string => `${start('KafkaCluster')}${spec}}`
const backup = (more: string): string =>
  `${start('Backup')}{storage: s, kafkaCluster: k, topics: [orders], ${more}}}`
const restore = (more: string): string =>
  `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders}], ${more}}}`
const bare = (kind: string): string => `${start(kind)}{}}`

type Row = readonly [document: string, field: string, wrong: RegExp, right: RegExp]

const rows: Readonly<Record<string, Row>> = {
  'text alone': ['orders', '', /not a document/, /apiVersion, kind, metadata/],
  'a list': ['[]', '', /not a document/, /apiVersion, kind, metadata/],
  'broken YAML': ['{', '', /not YAML/, /quotes/],
  'a field twice': ['kind: Backup\nkind: Backup', '', /duplicate key/, /Correct the line/],
  'a nested field twice': [
    backup('segment: {maxAge: 5m, "maxAge": 6m}'),
    '',
    /duplicate key/,
    /Correct the line/,
  ],
  'no kind': ['{apiVersion: kannery.io/v1alpha1}', 'kind', /missing/, /Storage, KafkaCluster/],
  'a misspelt kind': ['{kind: Backups}', 'kind', /not a known kind/, /Did you mean Backup/],
  'another kind': ['{kind: Deployment}', 'kind', /not a known kind/, /one of Storage/],
  'another version': [
    '{apiVersion: v1, kind: Storage, metadata: {name: a}, spec: {folder: {path: /a}}}',
    'apiVersion',
    /"v1" is not known/,
    /kannery\.io\/v1alpha1/,
  ],
  'no metadata': [
    '{apiVersion: kannery.io/v1alpha1, kind: Storage, spec: {folder: {path: /a}}}',
    'metadata',
    /missing/,
    /at least a name/,
  ],
  'a name with capitals': [
    '{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: Main}, spec: {folder: {path: /a}}}',
    'metadata.name',
    /"Main" is not a name/,
    /lower-case/,
  ],
  'no spec': [
    '{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a}}',
    'spec',
    /missing/,
    /exactly one of folder, s3/,
  ],
  'a field beside the spec': [
    `${storage('{folder: {path: /a}}').slice(0, -1)}, status: {}}`,
    'status',
    /not a known field/,
    /apiVersion, kind/,
  ],
  'a storage of no kind': [storage('{}'), 'spec', /names none of/, /exactly one of/],
  'a storage of two kinds': [
    storage('{folder: {path: /a}, s3: {bucket: b}}'),
    'spec',
    /names folder and s3/,
    /exactly one of/,
  ],
  'a misspelt kind of storage': [
    storage('{folder: {path: /a}, gcsbucket: {bucket: b}}'),
    'spec.gcsbucket',
    /not a known field/,
    /Did you mean gcsBucket/,
  ],
  'a relative folder': [
    storage('{folder: {path: ./backups}}'),
    'spec.folder.path',
    /"\.\/backups" is not an absolute path/,
    /from the root on/,
  ],
  'no bucket': [storage('{s3: {}}'), 'spec.s3.bucket', /missing/, /name alone/],
  'a URL for a bucket': [
    storage('{s3: {bucket: "s3://prod"}}'),
    'spec.s3.bucket',
    /not the name of a bucket/,
    /without a scheme/,
  ],
  'a prefix with a slash at its end': [
    storage('{s3: {bucket: b, prefix: backups/}}'),
    'spec.s3.prefix',
    /"backups\/" is not a folder/,
    /none at either end/,
  ],
  'an endpoint without http': [
    storage('{s3: {bucket: b, endpoint: minio:9000}}'),
    'spec.s3.endpoint',
    /not an address/,
    /with http or https/,
  ],
  'yes for true': [
    storage('{s3: {bucket: b, forcePathStyle: yes}}'),
    'spec.s3.forcePathStyle',
    /is text, not true or false/,
    /true or false/,
  ],
  'a secret key': [
    storage('{s3: {bucket: b, secretAccessKey: hunter2}}'),
    'spec.s3.secretAccessKey',
    /holds a secret/,
    /{file: \/path}/,
  ],
  'a connection string for a location': [
    storage(
      '{azureContainer: {location: "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2", container: c}}',
    ),
    'spec.azureContainer.location',
    /holds a secret/,
    /spec\.credentials\.secrets/,
  ],
  'a user in an endpoint': [
    storage('{s3: {bucket: b, endpoint: "https://hunter2@storage.example.com"}}'),
    'spec.s3.endpoint',
    /the value is not an address/,
    /without a user/,
  ],
  'a secret for the name of a storage': [
    `${start('Backup')}{storage: "s3://me:hunter2@bucket", kafkaCluster: k, topics: [a]}}`,
    'spec.storage',
    /holds a secret/,
    /Storage or KafkaCluster/,
  ],
  'a secret for its own name': [
    '{kind: Storage, metadata: {name: "s3://me:hunter2@bucket"}}',
    'metadata.name',
    /holds a secret/,
    /Remove it/,
  ],
  'a secret for the name of a field': [
    storage('{folder: {path: /a}, "s3://me:hunter2@bucket": {}}'),
    'spec."…"',
    /holds a secret/,
    /Remove it/,
  ],
  'a field of all objects of JavaScript': [
    storage('{folder: {path: /a}, __proto__: {password: hunter2}}'),
    'spec.__proto__.password',
    /holds a secret/,
    /Remove it/,
  ],
  'a document that holds itself': ['&a {kind: Storage, spec: *a}', '', /holds itself/, /aliases/],
  'a secret under credentials': [
    storage('{s3: {bucket: b}, credentials: {secrets: {secretAccessKey: hunter2}}}'),
    'spec.credentials.secrets.secretAccessKey',
    /holds a secret/,
    /{environment: NAME}/,
  ],
  'a secret in an endpoint': [
    storage('{gcsBucket: {bucket: b, endpoint: "https://me:hunter2@storage.example.com"}}'),
    'spec.gcsBucket.endpoint',
    /holds a secret/,
    /{file: \/path}/,
  ],
  'a secret of another plugin': [
    storage('{custom: {plugin: redis, config: {nested: [{password: hunter2}]}}}'),
    'spec.custom.config.nested[0].password',
    /holds a secret/,
    /Remove it/,
  ],
  'a secret under a field of a secret': [
    storage('{custom: {plugin: redis, config: {password: {value: hunter2}}}}'),
    'spec.custom.config.password.value',
    /holds a secret/,
    /spec\.credentials\.secrets/,
  ],
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
  'an empty name of a container': [
    storage('{azureContainer: {location: "https://acme.blob.core.windows.net", container: ""}}'),
    'spec.azureContainer.container',
    /is empty/,
    /name of the container/,
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
  'an endpoint whose port does not exist': [
    storage('{s3: {bucket: b, endpoint: "https://minio:99999/path"}}'),
    'spec.s3.endpoint',
    /not an address/,
    /1 to 65535/,
  ],
  'metrics at a port that does not exist': [
    backup('metrics: {address: "0.0.0.0:70000"}'),
    'spec.metrics.address',
    /"0\.0\.0\.0:70000" is not an address for metrics/,
    /1 to 65535/,
  ],
  'hardly any memory': [backup('memory: 1B'), 'spec.memory', /less than 16MiB/, /256MiB is usual/],
  'segments of no age': [
    backup('segment: {maxAge: 0s}'),
    'spec.segment.maxAge',
    /no time/,
    /5m is usual/,
  ],
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
    'spec.topics[1].source',
    /restored into "c-b", as topic "a" is/,
    /a name of its own/,
  ],
  'one topic into two': [
    `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: a, target: b}, {source: a, target: c}]}}`,
    'spec.topics[1]',
    /differs from an earlier entry of topic "a"/,
    /one entry for each topic/,
  ],
  'text for a group of fields': [
    cluster('{bootstrapServers: ["b:1"], sasl: PLAIN}'),
    'spec.sasl',
    /is text, not fields/,
    /mechanism, username, password/,
  ],
  'a number for a label': [
    '{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a, labels: {team: 7}}, spec: {folder: {path: /a}}}',
    'metadata.labels.team',
    /is a number, not text/,
    /in quotes/,
  ],
  'an alias of nothing': ['kind: *nothing', '', /without an anchor/, /values themselves/],
  'a list of Kubernetes that holds text': [
    '{apiVersion: v1, kind: List, items: [orders]}',
    '',
    /not a document/,
    /apiVersion, kind, metadata/,
  ],
  'a list of Kubernetes without items': [
    '{apiVersion: v1, kind: List}',
    'items',
    /is missing/,
    /list of documents/,
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
  'an unknown codec': [backup('codec: gzip'), 'spec.codec', /"gzip" is not known/, /zstd or none/],
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
  'a restore of nothing': [bare('Restore'), 'spec.topics', /missing/, /{source: orders}/],
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
}

describe('a wrong document', () => {
  test.each([
    ['name of a field', (long: string) => backup(`${long}: 1`)],
    ['size', (long: string) => backup(`memory: ${long}`)],
    ['time', (long: string) => restore(`since: ${long}`)],
    ['expression', (long: string) => restore(`excludeTopics: ["/(${long}/"]`)],
    ['name', (long: string) => storage('{}').replace('one', long)],
    ['word', (long: string) => backup(`codec: ${long}`)],
  ])('with a %s of 10 kB is refused in a few words', (_what, documentWith) => {
    const { problems } = readDocuments(documentWith('x'.repeat(10_000)))

    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems).length).toBeLessThan(1200)
  })

  test.each(Object.entries(rows))(
    'with %s names the field, what is wrong and what is right',
    (_name, [text, field, wrong, right]) => {
      const { documents, problems } = readDocuments(text, 'wrong.yaml')

      expect(documents).toEqual([])
      const problem = problems.find((candidate) => candidate.field === field)
      expect(problems).toContain(problem)
      expect(problem).toMatchObject({
        source: 'wrong.yaml',
        line: expect.any(Number),
        wrong: expect.stringMatching(wrong),
        right: expect.stringMatching(right),
      })
      expect(JSON.stringify(problems)).not.toContain('hunter2')
    },
  )
})
