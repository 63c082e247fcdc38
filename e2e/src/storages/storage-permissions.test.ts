import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { repositoryRoot } from '@kannery/testing/paths'
import { checkTopics, fillTopic } from '@kannery/testing/python/topics'
import { type S3Credentials, s3ClientOf } from '@kannery/testing/servers/object-storages/s3-server'
import {
  type PolicyStatement,
  startVersitygw,
  type VersitygwServer,
} from '@kannery/testing/servers/object-storages/versitygw'
import { credentialsFile } from '@kannery/testing/storages/test-storage'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kannery, kanneryJson, kannerySucceeds } from '../command-line/kannery.ts'

const { bootstrapServers } = inject('kafka')

const topic = 'guarded'
const records = 100
const hours = 3_600_000

let server: VersitygwServer

beforeAll(async () => {
  await fillTopic('plain', { bootstrapServers, topic, records, partitions: 1 })
  server = await startVersitygw()
}, 300_000)
afterAll(() => server.stop())

function urlOf(bucket: string): string {
  const { endpoint, region } = server
  return `s3://${bucket}/prod?${new URLSearchParams({ endpoint, region }).toString()}`
}

function environmentOf(credentials: S3Credentials): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = credentials
  const path = join(server.folder, `credentials-${accessKeyId}-${secretAccessKey}`)
  return credentialsFile(path, { accessKeyId, secretAccessKey })
}

/** What docs/providers.md says that a role needs on S3. */
async function documented(bucket: string): Promise<{
  readonly read: readonly PolicyStatement[]
  readonly write: readonly PolicyStatement[]
}> {
  const page = await readFile(join(repositoryRoot, 'docs/providers.md'), 'utf8')
  const section = page.slice(page.indexOf('## Amazon S3'))
  const [reading = '', more = ''] = [...section.matchAll(/```json\n(.*?)```/gs)].map(([, json]) =>
    (json ?? '').replaceAll('BUCKET', bucket).replaceAll('PREFIX', 'prod'),
  )
  const { Statement: read } = JSON.parse(reading) as { Statement: readonly PolicyStatement[] }
  const added = JSON.parse(`[${more}]`) as readonly PolicyStatement[]
  return { read, write: [...read, ...added] }
}

function backup(to: string, ...more: readonly string[]): string[] {
  const words = ['backup', '--from', bootstrapServers, '--topic', topic, '--to', to]
  return [...words, '--once', ...more]
}

describe('with the least permissions that docs/providers.md lists', () => {
  test('a backup writes, is pruned and is cleaned up', async () => {
    const bucket = 'least-to-write'
    const url = urlOf(bucket)
    await server.createBucket(bucket)
    await server.allow(bucket, (await documented(bucket)).write)
    const env = await environmentOf(server.guest)
    const first = await kannerySucceeds(backup(url, '--retention', '1ms'), { env })
    await kannerySucceeds(backup(url), { env })
    await kannerySucceeds(['prune', url], { env })
    await kannerySucceeds(['gc', url], { env })
    await kannerySucceeds(['storage', 'verify', url], { env })

    expect(first.stderr).not.toContain('warning')
    expect(await kanneryJson(['lease', 'ls', url], { env })).toMatchObject({ leases: [] })
    expect(await readLease(bucket)).toBeUndefined()
  }, 120_000)

  test('read permission is enough to list, verify, print and restore, and a backup reports what it needs', async () => {
    const bucket = 'least-to-read'
    const url = urlOf(bucket)
    await server.createBucket(bucket)
    await server.allow(bucket, (await documented(bucket)).read)
    await kannerySucceeds(backup(url), { env: await environmentOf(server.credentials) })
    const env = await environmentOf(server.guest)

    expect((await kannerySucceeds(['ls', url], { env })).stdout).toContain(topic)
    await kannerySucceeds(['verify', url], { env })
    const printed = await kannerySucceeds(['cat', url, topic], { env })
    expect(printed.stdout.trimEnd().split('\n')).toHaveLength(records)
    const target = `${topic}-read`
    const words = ['restore', '--from', url, '--to', bootstrapServers]
    await kannerySucceeds([...words, '--topic', topic, '--as', target], { env })
    expect(await checkTopics({ bootstrapServers, source: topic, target })).toEqual({
      equalRecords: records,
      differences: [],
    })
    const refused = await kannery(backup(url), { env })
    expect(refused).toMatchObject({ status: 17 })
    expect(refused.stderr).toMatch(/STORAGE_DENIED/)
    expect(refused.stderr).toMatch(/what now .*s3:PutObject/)
  })
})

describe('docs/operations/lease.md', () => {
  test('a lease whose writer may not delete it is marked as released, and free at once', async () => {
    const bucket = 'never-deleted-from'
    const url = urlOf(bucket)
    await server.createBucket(bucket)
    const allowed = (await documented(bucket)).write.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat().filter((action) => action !== 's3:DeleteObject'),
    }))
    await server.allow(bucket, allowed)
    const env = await environmentOf(server.guest)
    const first = await kannerySucceeds(backup(url, '--lease-ttl', '10m'), { env })
    expect(first.stderr).toContain('s3:DeleteObject')

    expect(JSON.parse((await readLease(bucket)) ?? '')).toMatchObject({ topic, state: 'released' })
    expect(await kanneryJson(['lease', 'ls', url], { env })).toMatchObject({ leases: [] })
    await kannerySucceeds(backup(url, '--lease-ttl', '10m'), { env })
  })
})

/** As the file that versitygw keeps it in. */
async function readLease(bucket: string): Promise<string | undefined> {
  const path = join(server.folder, 'buckets', bucket, 'prod', topic, '__lease')
  return await readFile(path, 'utf8').catch(() => undefined)
}

describe('docs/operations/clean-up.md', () => {
  test('kannery gc ends uploads into a bucket that were never finished, once they are a day old', async () => {
    const bucket = 'full-of-uploads'
    await server.createBucket(bucket)
    const env = await environmentOf(server.credentials)
    const client = s3ClientOf(server)
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

    await kannerySucceeds(['gc', urlOf(bucket)], { env })
    expect(await unfinished()).toHaveLength(2)
    await server.ageUploads(bucket, 25 * hours)
    const dryRun = await kannerySucceeds(['gc', urlOf(bucket), '--dry-run'], { env })
    expect(await unfinished(), dryRun.stdout).toHaveLength(2)
    await kannerySucceeds(['gc', urlOf(bucket)], { env })

    expect(await unfinished()).toEqual(['elsewhere/large'])
    client.destroy()
  })
})

describe('an error about a storage', () => {
  beforeAll(() => server.createBucket('of-others'))
  const wrong = { accessKeyId: 'kannery', secretAccessKey: 'wrong-secret-of-kannery' }
  const stranger = { accessKeyId: 'stranger', secretAccessKey: 'secret-of-a-stranger' }
  interface Mistake {
    readonly credentials: () => S3Credentials
    readonly bucket: string
    readonly code: string
    readonly status: number
  }

  test.each<[string, Mistake]>([
    [
      'a wrong secret',
      {
        credentials: () => wrong,
        bucket: 'of-others',
        code: 'STORAGE_UNAUTHENTICATED',
        status: 18,
      },
    ],
    [
      'an unknown key',
      {
        credentials: () => stranger,
        bucket: 'of-others',
        code: 'STORAGE_UNAUTHENTICATED',
        status: 18,
      },
    ],
    [
      'a bucket that does not exist',
      {
        credentials: () => server.credentials,
        bucket: 'missing',
        code: 'STORAGE_CONTAINER_NOT_FOUND',
        status: 11,
      },
    ],
    [
      'a bucket of another account',
      { credentials: () => server.guest, bucket: 'of-others', code: 'STORAGE_DENIED', status: 17 },
    ],
  ])('about %s has a code, a cause and a remedy, and shows no secret', async (_, mistake) => {
    const { bucket, code, status } = mistake
    const credentials = mistake.credentials()
    const env = await environmentOf(credentials)
    for (const form of [[], ['--debug'], ['-o', 'json'], ['--debug', '-o', 'json']]) {
      const ended = await kannery(['ls', urlOf(bucket), ...form], { env })
      const shown = ended.stdout + ended.stderr
      expect(ended, shown).toMatchObject({ status })
      expect(shown).toContain(code)
      expect(shown).toMatch(/"remedy"|what now/)
      expect(shown).not.toContain(credentials.secretAccessKey)
      expect(shown).not.toMatch(/Signature=|authorization/i)
    }
  })
})
