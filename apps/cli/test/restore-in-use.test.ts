import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jobsOf, parseDocuments } from '@kannery/resources'
import { pluginSources, runRestore } from '@kannery/runtime'
import { fillTopic } from '@kannery/testing/python/topics'
import { describe, expect, inject, test } from 'vitest'
import { kannery, start, temporaryFolder } from './command-line.ts'

const { bootstrapServers } = inject('kafka')
const topic = 'cli-in-use'

describe('hold ls', () => {
  test('while a restore runs, hold ls shows who is restoring the backup, and no longer when it has ended', async () => {
    await fillTopic('plain', { bootstrapServers, topic, records: 3000, partitions: 3 })
    await using folder = await temporaryFolder()
    const words = ['--from', bootstrapServers, '--to', folder.path, '--topic', topic, '--once']
    expect(await start('backup', ...words).outcome).toMatchObject({ status: 0 })

    const index = join(folder.path, topic, 'index')
    const holds: boolean[] = []
    const [job] = jobsOf(
      parseDocuments(`
apiVersion: kannery.io/v1alpha1
kind: Storage
metadata: {name: backups}
spec: {folder: {path: ${folder.path}}}
---
apiVersion: kannery.io/v1alpha1
kind: KafkaCluster
metadata: {name: test}
spec: {bootstrapServers: ["${bootstrapServers}"]}
---
apiVersion: kannery.io/v1alpha1
kind: Restore
metadata: {name: copy}
spec:
  storage: backups
  kafkaCluster: test
  topics: [{source: ${topic}, target: ${topic}-copy}]
`),
    )
    if (job === undefined || !('restore' in job)) throw new Error('it is a restore')
    await runRestore(job, {
      plugins: pluginSources({}, { url: import.meta.url, version: '1.2.3' }),
      environment: {},
      signal: new AbortController().signal,
      observer: {
        onWarning: (warning) => {
          throw warning
        },
        onProgress: () => holds.push(readFileSync(index, 'utf8').includes('"name":"in-use-')),
      },
    })
    expect(new Set(holds)).toEqual(new Set([true]))
    const { stdout } = await kannery('hold', 'ls', folder.path, '-o', 'json')
    expect(JSON.parse(stdout)).toEqual({ holds: [], failed: [] })
  })
})
