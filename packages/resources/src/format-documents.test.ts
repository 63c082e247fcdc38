import { array, constantFrom, oneof, property, string, assert as verify } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocument as parseYaml, stringify } from 'yaml'
import { formatDocuments, listOf } from './format-documents.ts'
import { parseDocument, parseDocuments } from './parsing/parse-documents.ts'

/** Words that YAML 1.1, which kubectl reads, takes for something else than text. */
const words = ['on', 'off', 'yes', 'No', 'y', 'N', '~', 'null', '1:30', '0o17', '017', '1_000']
const others = ['2026-11-23', '1e3', '.inf', '0b1', '0x1f', '<<', '-', 'a: b', '#', 'a\nb\n\n']

function restore(name: string, headers: readonly string[]) {
  return {
    apiVersion: 'kannery.io/v1alpha1',
    kind: 'Restore',
    metadata: { name, labels: { on: 'yes' }, annotations: { note: headers[0] ?? '' } },
    spec: {
      storage: 'on',
      kafkaCluster: 'y',
      topics: [{ source: 'yes', partitions: [0, 3] }],
      dropHeaders: headers,
      originalOffsetHeader: `${headers.join()} offset`,
    },
  } as const
}

describe('documents that are printed', () => {
  const text = oneof(constantFrom(...words, ...others), string({ minLength: 1, unit: 'binary' }))

  test('are read as what they were, as YAML and as a list in JSON', () => {
    verify(
      property(array(text, { minLength: 1 }), (headers) => {
        const documents = [restore('one', headers), restore('two', headers)]
        const read = documents.map(parseDocument)

        expect(parseDocuments(formatDocuments(documents))).toEqual(read)
        expect(parseDocuments(JSON.stringify(listOf(documents)))).toEqual(read)
      }),
    )
  })

  test.each([...words, ...others])('have %j as text for readers of YAML 1.1', (word) => {
    const document = parseYaml(formatDocuments([restore('no', [word])]), { version: '1.1' })

    expect(document.toJS()).toEqual(restore('no', [word]))
  })

  test('repeat what they share, instead of referring to it', () => {
    const shared = [0, 3]
    const topics = Array.from({ length: 200 }, (_, index) => {
      return { source: `topic-${index}`, partitions: shared }
    })
    const { spec, ...rest } = restore('one', ['trace'])
    const document = { ...rest, spec: { ...spec, topics } }

    expect(stringify(document)).toContain('&a1')
    expect(formatDocuments([document])).not.toMatch(/[&*]a1/)
    expect(parseDocuments(formatDocuments([document]))).toEqual([parseDocument(document)])
  })
})
