import { describe, expect, test } from 'vitest'
import { readTexts } from './read-texts.ts'

function text(kind: string, name: string, spec: string): string {
  return `
apiVersion: kannery.io/v1alpha1
kind: ${kind}
metadata: {name: ${name}}
spec: ${spec}
`
}
const storage = text('Storage', 'main', '{folder: {path: /srv/backups}}')
const cluster = text('KafkaCluster', 'prod', '{bootstrapServers: ["localhost:9092"]}')
const backup = text('Backup', 'nightly', '{storage: main, kafkaCluster: prod, topics: [orders]}')

describe('texts of documents', () => {
  test('are one set: a document refers to those of other texts', () => {
    const { documents, problems } = readTexts([
      { source: 'backup.yaml', text: backup },
      { source: 'places.yaml', text: `${storage}---${cluster}` },
    ])

    expect(problems).toEqual([])
    expect(documents.map(({ source, document }) => [source, document.kind])).toEqual([
      ['backup.yaml', 'Backup'],
      ['places.yaml', 'Storage'],
      ['places.yaml', 'KafkaCluster'],
    ])
  })

  test('have each reference to no document reported at its line', () => {
    const wrong = backup.replace('main', 'mian')
    const { documents, problems } = readTexts([
      { source: 'backup.yaml', text: wrong },
      { source: 'storage.yaml', text: storage },
    ])

    expect(documents).toMatchObject([{ source: 'storage.yaml' }])
    expect(problems).toMatchObject([
      {
        source: 'backup.yaml',
        line: 5,
        document: 'Backup "nightly"',
        field: 'spec.storage',
        wrong: 'there is no Storage "mian"',
        right: 'Did you mean "main"?',
      },
      { field: 'spec.kafkaCluster', right: expect.stringContaining('Add a KafkaCluster') },
    ])
  })

  test('have no reference reported to a document that is itself wrong', () => {
    const wrong = storage.replace('/srv', 'srv')
    const { problems } = readTexts([{ text: `${wrong}---${cluster}---${backup}` }])

    expect(problems).toMatchObject([{ document: 'Storage "main"', field: 'spec.folder.path' }])
  })

  test('count as those of their names if YAML 1.1 reads a number of them in another way', () => {
    const wrong = text('Storage', 'main', '{custom: {plugin: redis, config: {port: 0123}}}')
    const { documents, problems } = readTexts([
      { source: 'one.yaml', text: `${wrong}---${cluster}---${backup}` },
      { source: 'two.yaml', text: storage },
    ])

    expect(documents.map(({ document }) => document.kind)).toEqual(['KafkaCluster', 'Backup'])
    expect(problems).toMatchObject([
      {
        source: 'one.yaml',
        line: 5,
        wrong: expect.stringContaining('a number that begins with 0'),
      },
      { source: 'two.yaml', line: 4, wrong: expect.stringContaining('(one.yaml:4)') },
    ])
  })

  test('must not name two documents of a kind alike', () => {
    const { problems } = readTexts([
      { source: 'one.yaml', text: storage },
      { source: 'two.yaml', text: storage },
    ])

    expect(problems).toMatchObject([
      { source: 'two.yaml', line: 4, wrong: expect.stringContaining('(one.yaml:4)') },
    ])
  })

  test.each(['', '# nothing yet\n---\n', '{apiVersion: v1, kind: List, items: []}'])(
    'have a document each: %j is refused',
    (empty) => {
      const { problems } = readTexts([
        { source: 'one.yaml', text: storage },
        { source: 'two.yaml', text: empty },
      ])

      expect(problems).toMatchObject([{ source: 'two.yaml', wrong: 'holds no document' }])
    },
  )
})
