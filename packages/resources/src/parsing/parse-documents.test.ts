import { describe, expect, test } from 'vitest'
import { formatDocuments } from '../format-documents.ts'
import { parseDocument, parseDocuments, readDocument, readDocuments } from './parse-documents.ts'

const storage = {
  apiVersion: 'kannery.io/v1alpha1',
  kind: 'Storage',
  metadata: { name: 'main' },
  spec: { folder: { path: '/srv/backups' } },
} as const
const backup = {
  apiVersion: 'kannery.io/v1alpha1',
  kind: 'Backup',
  metadata: { name: 'nightly' },
  spec: { storage: 'main', kafkaCluster: 'prod', topics: ['orders.*'] },
} as const

describe('a document', () => {
  test('gets its defaults, and its values as numbers', () => {
    expect(parseDocument({ ...backup, spec: { ...backup.spec, once: {}, memory: '1GB' } })).toEqual(
      {
        ...backup,
        spec: {
          ...backup.spec,
          once: { transactionPatience: 30_000 },
          codec: 'zstd',
          segment: { maxSize: 67_108_864, maxAge: 300_000 },
          memory: 1_000_000_000,
          lease: { ttl: 300_000, wait: 0 },
        },
      },
    )
  })

  test('with one problem is refused with an error that names the field', () => {
    const wrong = { ...backup, spec: { ...backup.spec, memory: '1 gigabyte' } }

    expect(() => parseDocument(wrong)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'Backup "nightly": spec.memory: not a size: "1 gigabyte"',
        remedy: expect.stringContaining('64MiB'),
        facts: expect.objectContaining({ document: 'Backup "nightly"', field: 'spec.memory' }),
      }),
    )
  })

  test('without topics has no problem with those to leave out', () => {
    const { problems } = readDocument({ ...backup, spec: { ...backup.spec, topics: [] } })

    expect(problems).toMatchObject([{ field: 'spec.topics', wrong: 'is empty' }])
  })

  test('with several problems is refused with all of them', () => {
    const wrong = { ...backup, spec: { topics: [], memory: 'much', retenton: '1d' } }

    expect(() => parseDocument(wrong)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'the documents have 5 problems',
        why: expect.stringMatching(
          /(?=.*spec\.storage)(?=.*kafkaCluster)(?=.*topics)(?=.*memory)(?=.*retenton)/s,
        ),
      }),
    )
  })
})

describe('a text of documents', () => {
  const text = formatDocuments([storage, backup])

  test('is read in its order, and written as it is read', () => {
    expect(parseDocuments(text).map(({ kind }) => kind)).toEqual(['Storage', 'Backup'])
    expect(text).toContain('\n---\n')
  })

  test('may have comments and empty documents, or be JSON', () => {
    expect(parseDocuments(`# ours\n---\n${text}\n---\n# no more\n---\n`)).toHaveLength(2)
    expect(parseDocuments(JSON.stringify(storage))).toEqual([storage])
    expect(parseDocuments('')).toEqual([])
  })

  test('gives what is right of it beside the problems of the rest, each with its line', () => {
    const broken = text.replace('  topics:', '  topcis:')
    const { documents, problems } = readDocuments(broken, 'all.yaml')

    expect(documents).toEqual([storage])
    expect(problems).toMatchObject([
      { document: 'Backup "nightly"', field: 'spec.topics', wrong: 'is missing' },
      { source: 'all.yaml', line: 17, field: 'spec.topcis', right: 'Did you mean topics?' },
    ])
  })

  test('must not name two documents of a kind alike', () => {
    const { documents, problems } = readDocuments(formatDocuments([storage, storage]))

    expect(documents).toHaveLength(1)
    expect(problems).toMatchObject([{ field: 'metadata.name', line: 12 }])
  })

  test('names where the first of two documents alike is', () => {
    const alike = { ...storage, spec: { folder: { path: 'relative' } } }
    const { problems } = readDocuments(formatDocuments([storage, alike]), 'all.yaml')

    expect(problems).toMatchObject([
      { field: 'metadata.name', wrong: expect.stringContaining('(all.yaml:4)') },
      { field: 'spec.folder.path' },
    ])
  })

  test('may be a list of Kubernetes', () => {
    const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items: [storage, backup] }

    expect(parseDocuments(JSON.stringify(list)).map(({ kind }) => kind)).toEqual([
      'Storage',
      'Backup',
    ])
  })

  test('that is a list of Kubernetes has each problem at its line', () => {
    const text = `apiVersion: v1
kind: List
items:
  - {apiVersion: kannery.io/v1alpha1, kind: Storage, metadata: {name: a}, spec: {}}
  - orders
`
    expect(readDocuments(text).problems).toMatchObject([
      { document: 'Storage "a"', field: 'spec', line: 4 },
      { document: 'document 1, item 2', field: '', line: 5 },
    ])
  })

  test('may begin with a byte order mark', () => {
    expect(parseDocuments(`\uFEFF${JSON.stringify(storage)}`)).toEqual([storage])
  })

  // A comparison of each key with each takes far longer than the time limit of a test.
  test('may have many fields of a plugin', () => {
    const config = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, index) => [`field-${index}`, index]),
    )
    const many = { ...storage, spec: { custom: { plugin: 'sqlite', config } } }

    expect(parseDocuments(JSON.stringify(many))).toEqual([many])
  })

  test('may have many wrong fields, each with its line', () => {
    const fields = Array.from({ length: 20_000 }, (_, index) => `field-${index}: 1\n`)

    expect(readDocuments(`kind: Storage\n${fields.join('')}`).problems.at(-1)).toMatchObject({
      field: 'field-19999',
      line: 20_001,
    })
  })

  test('with an alias of nothing is refused', () => {
    expect(readDocuments('kind: *nothing').problems).toMatchObject([
      { wrong: 'has an alias without an anchor before it' },
    ])
  })

  test('is not expanded beyond what a person writes', () => {
    const bomb = Array.from({ length: 9 }, (_, n) => {
      return `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(',')}]`
    })

    expect(readDocuments(`a0: &a0 [x]\n${bomb.join('\n')}`).problems).toMatchObject([
      {
        wrong: 'has aliases that expand to too much',
        right: expect.stringContaining('themselves'),
      },
    ])
    // In bytes, not in characters.
    expect(readDocuments('é'.repeat(2_100_000)).problems).toMatchObject([
      { wrong: 'is longer than 4 MiB' },
    ])
    expect(readDocuments(' '.repeat(5_000_000)).problems).toMatchObject([
      { wrong: 'is longer than 4 MiB' },
    ])
  })

  test('that is not YAML is not repeated in the error', () => {
    const { problems } = readDocuments('password: "hunter2\nkind: Storage')

    expect(problems).toHaveLength(1)
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })
})
