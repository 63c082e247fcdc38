import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { fillTopic } from '../python/topics.ts'
import { startVersitygw, type VersitygwServer } from '../servers/versitygw.ts'
import { kannery, kanneryJson, kannerySucceeds } from './kannery.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'append-only'
const bucket = 'backups'
const hours = 3_600_000

let server: VersitygwServer
let url: string

beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 1 })
  server = await startVersitygw()
  await server.createBucket(bucket)
  const { endpoint, region } = server
  url = `s3://${bucket}/prod?${new URLSearchParams({ endpoint, region }).toString()}`
}, 300_000)
afterAll(() => server.stop())

/** Of who may delete nothing, or of the owner. */
async function environmentOf(who: 'appender' | 'credentials'): Promise<Record<string, string>> {
  const path = join(server.folder, `kannery-${who}`)
  const lines = Object.entries(server[who]).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(path, lines.join(''), { mode: 0o600 })
  return { KANNERY_STORAGE_CREDENTIALS: path }
}

describe('docs/operations/lease.md: a lease is held', () => {
  test('by one that may not delete it: it is marked as released, and free at once', async () => {
    const env = await environmentOf('appender')
    const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', url]
    const first = await kannerySucceeds([...words, '--once', '--lease-ttl', '10m'], { env })
    expect(first.stderr).toContain('s3:DeleteObject')

    const lease = await readFile(
      join(server.folder, 'buckets', bucket, 'prod', topic, '__lease'),
      'utf8',
    )
    expect(JSON.parse(lease)).toMatchObject({ topic, state: 'released' })
    expect(await kanneryJson(['lease', 'ls', url], { env })).toMatchObject({ leases: [] })
    await kannerySucceeds([...words, '--once', '--lease-ttl', '10m'], { env })
  })
})

describe('docs/operations/clean-up.md: gc', () => {
  test('ends uploads into a bucket that were never finished, once they are a day old', async () => {
    const env = await environmentOf('credentials')
    const { endpoint, region } = server
    const credentials = { ...server.credentials }
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    const begin = async (Key: string): Promise<void> => {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
    }
    const unfinished = async (): Promise<readonly (string | undefined)[]> => {
      const { Uploads = [] } = await client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket }),
      )
      return Uploads.map(({ Key }) => Key)
    }
    await begin(`prod/${topic}/01JDC8F9V00000000000000000.kan`)
    await begin('elsewhere/large')

    await kannerySucceeds(['gc', url], { env })
    expect(await unfinished()).toHaveLength(2)
    await server.ageUploads(bucket, 25 * hours)
    const dryRun = await kannerySucceeds(['gc', url, '--dry-run'], { env })
    expect(await unfinished(), dryRun.stdout).toHaveLength(2)
    const gc = await kannery(['gc', url], { env })

    expect(gc).toMatchObject({ status: 0 })
    expect(await unfinished()).toEqual(['elsewhere/large'])
    client.destroy()
  })
})
