import { describe, expect, test } from 'vitest'
import { parseDocument } from './parsing/parse-documents.ts'
import { jobsOf } from './references.ts'

function document(kind: string, name: string, spec: object, namespace?: string) {
  const apiVersion = 'kannery.io/v1alpha1'
  return parseDocument({ apiVersion, kind, metadata: { name, namespace }, spec })
}

const folder = { folder: { path: '/srv/backups' } }
const broker = { bootstrapServers: ['localhost:9092'] }
const topics = { topics: ['orders'] }

describe('jobs among documents', () => {
  test('come in the order of the documents, with what they refer to', () => {
    const storage = document('Storage', 'main', folder)
    const kafkaCluster = document('KafkaCluster', 'prod', broker)
    const references = { storage: 'main', kafkaCluster: 'prod' }
    const restore = document('Restore', 'one', { ...references, topics: [{ source: 'orders' }] })
    const backup = document('Backup', 'two', { ...references, ...topics })

    expect(jobsOf([restore, storage, backup, kafkaCluster])).toEqual([
      { restore, storage, kafkaCluster },
      { backup, storage, kafkaCluster },
    ])
  })

  test('that refer to no document are refused, each with the nearest name', () => {
    const storage = document('Storage', 'main', folder)
    const spec = { storage: 'mian', kafkaCluster: 'prod', ...topics }

    expect(() => jobsOf([storage, document('Backup', 'two', spec)])).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        why: expect.stringMatching(/Did you mean "main"\?\n.*there is no KafkaCluster "prod"/s),
      }),
    )
  })

  test('do not refer into another namespace', () => {
    const storage = document('Storage', 'main', folder, 'other')
    const kafkaCluster = document('KafkaCluster', 'prod', broker)
    const backup = document('Backup', 'two', { storage: 'main', kafkaCluster: 'prod', ...topics })

    expect(() => jobsOf([storage, kafkaCluster, backup])).toThrow(/there is no Storage "main"/)
  })

  test('must not find two documents of the same name', () => {
    const storage = document('Storage', 'main', folder)

    expect(() => jobsOf([storage, storage])).toThrow(/another document of this kind/)
  })

  // A search of all documents for each job takes far longer than the time limit of a test.
  test('are found among many documents in the time that going through them takes', () => {
    const storage = document('Storage', 'main', folder)
    const kafkaCluster = document('KafkaCluster', 'prod', broker)
    const backup = document('Backup', 'one', { storage: 'main', kafkaCluster: 'prod', ...topics })
    const backups = Array.from({ length: 100_000 }, (_, index) => {
      return { ...backup, metadata: { name: `backup-${index}` } }
    })

    expect(jobsOf([storage, kafkaCluster, ...backups])).toHaveLength(100_000)
  })
})
