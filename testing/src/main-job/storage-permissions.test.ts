import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { checkTopics, fillTopic } from '../python/topics.ts'
import type { S3Credentials } from '../servers/s3-server.ts'
import { startVersitygw, type VersitygwServer } from '../servers/versitygw.ts'
import { kannery, kanneryJson, kannerySucceeds } from './kannery.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'append-only'
const bucket = 'backups'
const hours = 3_600_000

let server: VersitygwServer
let url: string
const urlOf = (name: string): string => {
  const { endpoint, region } = server
  return `s3://${bucket}/${name}?${new URLSearchParams({ endpoint, region }).toString()}`
}

beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records: 100, partitions: 1 })
  server = await startVersitygw()
  await server.createBucket(bucket)
  url = urlOf('prod')
}, 300_000)
afterAll(() => server.stop())

async function environmentOf(credentials: S3Credentials): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = credentials
  const path = join(server.folder, `credentials-${accessKeyId}-${secretAccessKey}`)
  const lines = `accessKeyId=${accessKeyId}\nsecretAccessKey=${secretAccessKey}\n`
  await writeFile(path, lines, { mode: 0o600 })
  return { KANNERY_STORAGE_CREDENTIALS: path }
}

describe('docs/operations/lease.md: a lease is held', () => {
  test('by one that may not delete it: it is marked as released, and free at once', async () => {
    const env = await environmentOf(server.appender)
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
    const env = await environmentOf(server.credentials)
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

describe('who may only read', () => {
  test('lists, verifies, prints and restores, and is told what is missing to back up', async () => {
    const owner = await environmentOf(server.credentials)
    const env = await environmentOf(server.reader)
    const readable = urlOf('readable')
    const backup = (to: string): string[] => [
      ...['backup', '--from', bootstrapServers, '--topic', topic, '--to', to, '--once'],
    ]
    await kannerySucceeds(backup(readable), { env: owner })

    expect((await kannerySucceeds(['ls', readable], { env })).stdout).toContain(topic)
    await kannerySucceeds(['verify', readable], { env })
    const printed = await kannerySucceeds(['cat', readable, topic], { env })
    expect(printed.stdout.trimEnd().split('\n')).toHaveLength(100)
    const target = `${topic}-read`
    await kannerySucceeds(
      [
        ...['restore', '--from', readable, '--to', bootstrapServers],
        ...['--topic', topic, '--as', target],
      ],
      { env },
    )
    expect(await checkTopics({ bootstrapServers, source: topic, target })).toEqual({
      equalRecords: 100,
      differences: [],
    })
    const refused = await kannery(backup(readable), { env })
    expect(refused).toMatchObject({ status: 17 })
    expect(refused.stderr).toMatch(/STORAGE_DENIED/)
    expect(refused.stderr).toMatch(/what now .*s3:PutObject/)
  })
})

describe('what is wrong with a storage', () => {
  const wrong = { accessKeyId: 'kannery', secretAccessKey: 'wrong-secret-of-kannery' }
  const stranger = { accessKeyId: 'stranger', secretAccessKey: 'secret-of-a-stranger' }

  test.each<
    [string, () => { credentials: S3Credentials; url: string; code: string; status: number }]
  >([
    [
      'another secret',
      () => ({ credentials: wrong, url, code: 'STORAGE_UNAUTHENTICATED', status: 18 }),
    ],
    [
      'a key that nobody has',
      () => ({ credentials: stranger, url, code: 'STORAGE_UNAUTHENTICATED', status: 18 }),
    ],
    [
      'no such bucket',
      () => ({
        credentials: server.credentials,
        url: url.replace(bucket, 'missing'),
        code: 'STORAGE_CONTAINER_NOT_FOUND',
        status: 11,
      }),
    ],
    [
      'a bucket of others',
      () => ({
        credentials: server.reader,
        url: url.replace(bucket, 'of-others'),
        code: 'STORAGE_DENIED',
        status: 17,
      }),
    ],
  ])('%s: code, cause and remedy, and no secret anywhere', async (_, given) => {
    const { credentials, url: where, code, status } = given()
    await mkdir(join(server.folder, 'buckets/of-others'), { recursive: true })
    const env = await environmentOf(credentials)
    for (const form of [[], ['--debug'], ['-o', 'json'], ['--debug', '-o', 'json']]) {
      const ended = await kannery(['ls', where, ...form], { env })
      const shown = ended.stdout + ended.stderr
      expect(ended, shown).toMatchObject({ status })
      expect(shown).toContain(code)
      expect(shown).toMatch(/"remedy"|what now/)
      expect(shown).not.toContain(credentials.secretAccessKey)
      expect(shown).not.toMatch(/Signature=|authorization/i)
    }
  })
})
