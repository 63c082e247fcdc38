import { describe, expect, test } from 'vitest'
import { backup, restore, storage, testWrong } from '../../test/wrong-documents.ts'
import { readDocuments } from './parse-documents.ts'

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

  testWrong({
    'a time that may be a secret': [
      restore('since: "hunter2=="'),
      'spec.since',
      /^not a time$/,
      /2026-11-23T10:00Z/,
    ],
    'a size that may be a secret': [
      backup('memory: "hunter2="'),
      'spec.memory',
      /^not a size$/,
      /./,
    ],
    'a duration that may be a secret': [
      backup('lease: {ttl: "hunter2="}'),
      'spec.lease.ttl',
      /^not a duration$/,
      /./,
    ],
    'a pattern that may be a secret': [
      backup('excludeTopics: ["hunter2="]'),
      'spec.excludeTopics[0]',
      /^not a topic or pattern$/,
      /./,
    ],
    'an expression that may be a secret': [
      backup('excludeTopics: ["/hunter2=(/"]'),
      'spec.excludeTopics[0]',
      /^not a regular expression$/,
      /Correct it/,
    ],
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
    'a document that contains itself': [
      '&a {kind: Storage, spec: *a}',
      '',
      /contains itself/,
      /aliases/,
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
    'a list of Kubernetes within another': [
      '{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: []}]}',
      'kind',
      /is a List, not a document/,
      /Write its items/,
    ],
    'a merge key': [
      storage('{folder: {<<: {path: /a}}}'),
      '',
      /has a merge key/,
      /Write the fields themselves/,
    ],
    'too many levels': [`a: ${'['.repeat(10_000)}`, '', /nested too deeply/, /fewer levels/],
  })
})
