import { expect, test } from 'vitest'
import { readDocuments } from '../src/parsing/parse-documents.ts'

/** The beginning of a document, up to its spec. */
export function start(kind: string): string {
  return `{apiVersion: kannery.io/v1alpha1, kind: ${kind}, metadata: {name: one}, spec: `
}

export function storage(spec: string): string {
  return `${start('Storage')}${spec}}`
}

export function cluster(spec: string): string {
  return `${start('KafkaCluster')}${spec}}`
}

/** A Backup with more fields than it must have. */
export function backup(more: string): string {
  return `${start('Backup')}{storage: s, kafkaCluster: k, topics: [orders], ${more}}}`
}

/** A Restore with more fields than it must have. */
export function restore(more: string): string {
  return `${start('Restore')}{storage: s, kafkaCluster: k, topics: [{source: orders}], ${more}}}`
}

/** A wrong document, and the field, what is wrong and what is right as its problem names them. */
export type WrongDocument = readonly [document: string, field: string, wrong: RegExp, right: RegExp]

/** Declares a test for each of the wrong documents, by what is wrong with it. */
export function testWrong(documents: Readonly<Record<string, WrongDocument>>): void {
  test.each(Object.entries(documents))(
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
}
