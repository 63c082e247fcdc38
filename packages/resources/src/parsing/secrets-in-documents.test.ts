import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { resourceKinds, schemas } from '../kinds/kinds.ts'
import { readDocuments } from './parse-documents.ts'
import type { FieldPath } from './problem.ts'

/** An address with a password, which is wrong in every field of a document. */
const marked = 'https://me:hunter2@example.com'

/** Paths of all texts that a schema has a place for; one entry stands for each list and record. */
function* textsOf(schema: z.core.$ZodType, path: FieldPath = []): Generator<FieldPath> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    yield* textsOf(schema.unwrap(), path)
  } else if (schema instanceof z.ZodPipe) {
    yield* textsOf(schema.in, path)
  } else if (schema instanceof z.ZodObject) {
    for (const [name, field] of Object.entries(schema.shape)) {
      yield* textsOf(field as z.core.$ZodType, [...path, name])
    }
  } else if (schema instanceof z.ZodArray) {
    yield* textsOf(schema.element, [...path, 0])
  } else if (schema instanceof z.ZodRecord) {
    yield* textsOf(schema.valueType, [...path, 'any'])
  } else {
    yield path
  }
}

/** A document that has nothing but a value at a path. */
function documentWith(path: FieldPath, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  const inner = documentWith(rest, value)
  return step === 0 ? [inner] : { [step]: inner }
}

const isFreeText = ([, second]: FieldPath): boolean =>
  second === 'labels' || second === 'annotations'

const places = resourceKinds.flatMap((kind) =>
  [...textsOf(schemas[kind])]
    .filter((path) => path[0] !== 'kind' && !isFreeText(path))
    .map((path) => [kind, path.join('.'), path] as const),
)

describe('a secret in a document', () => {
  test('is looked for in every field of every kind', () => {
    expect(places.length).toBeGreaterThan(60)
  })

  test.each(places)('of kind %s as %s is refused and not repeated', (kind, _name, path) => {
    const document = { ...(documentWith(path, marked) as object), kind }
    const { problems } = readDocuments(JSON.stringify(document))

    expect(problems.some(({ wrong }) => wrong === 'holds a secret')).toBe(true)
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })
})

describe('a field with the name of a user or an identity', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----'

  test.each([
    ['Storage', ['spec', 'custom', 'config', 'identity'], key],
    ['Storage', ['spec', 'custom', 'config', 'username'], marked],
    ['KafkaCluster', ['spec', 'sasl', 'username'], key],
    ['Backup', ['spec', 'lease', 'identity'], key],
  ])('of kind %s at %j may hold no secret', (kind, path, secret) => {
    const document = { ...(documentWith(path, secret) as object), kind }
    const { problems } = readDocuments(JSON.stringify(document))

    expect(problems).toContainEqual(
      expect.objectContaining({ field: path.join('.'), wrong: 'holds a secret' }),
    )
  })
})

describe('what is no secret', () => {
  const kafkaCluster = (rest: string): string =>
    `{apiVersion: kannery.io/v1alpha1, kind: KafkaCluster, ${rest}}`
  const sasl = (user: string): string =>
    `spec: {bootstrapServers: ["b:1"], sasl: {mechanism: PLAIN, username: "${user}", password: {environment: P}}}`
  const custom = (config: string): string =>
    `{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a}, spec: {custom: {plugin: redis, config: ${config}}}}`

  test.each([
    [
      'what kubectl remembers',
      kafkaCluster(
        `metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"password":{"environment":"P"},"a":"b@c"}'}}, ${sasl('me')}`,
      ),
    ],
    ['a label', kafkaCluster(`metadata: {name: a, labels: {auth: sasl}}, ${sasl('me')}`)],
    ['a user with a colon and an at sign', kafkaCluster(`metadata: {name: a}, ${sasl('u:x@y')}`)],
    [
      'an identity with an at sign',
      '{apiVersion: kannery.io/v1alpha1, kind: Backup, metadata: {name: a}, spec: {storage: s, kafkaCluster: k, topics: [a], lease: {identity: "kannery:prod@host1"}}}',
    ],
    ['a file of a token', custom('{tokenFile: /run/token}')],
    ['a variable of a password', custom('{passwordEnv: REDIS_PASSWORD}')],
    ['a reference under its own name', custom('{password: {file: /run/password}}')],
    [
      'a pair of a name and a value',
      custom('{a: [{name: region, value: eu}, {key: k, value: 1}]}'),
    ],
    ['a pair with a file of a token', custom('{a: [{name: tokenFile, value: /run/token}]}')],
    ['a pair without a value', custom('{a: [{name: password, value: ""}]}')],
    ['a kind of authentication', custom('{auth: {mode: iam}}')],
    ['a file of a password in a group', custom('{auth: {passwordFile: /run/password}}')],
    ['a provider of credentials', custom('{credentials: {provider: default, region: eu}}')],
    [
      'a reference of Kubernetes',
      custom('{password: {secretKeyRef: {name: database, key: password}}}'),
    ],
    [
      'a folder on Windows',
      "{apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a}, spec: {folder: {path: 'C:\\backups@prod'}}}",
    ],
    ['a switch', custom('{auth: true, pass: ""}')],
  ])('may be %s', (_name, text) => {
    expect(readDocuments(text).problems).toEqual([])
  })
})
