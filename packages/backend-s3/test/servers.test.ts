import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import { keyPrefix, objectKey } from '@kannery/storage'
import { probe, readObject } from '@kannery/storage/client'
import { s3ClientOf } from '@kannery/testing/servers/object-storages/s3-server'
import type { SharedS3 } from '@kannery/testing/servers/object-storages/shared-s3'
import { errorOf, mib, newPrefix, visibleTextOf } from '@kannery/testing/storages/backend-fixtures'
import { bufferGrowthOfWriting } from '@kannery/testing/storages/peak-memory'
import { describe, expect, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

const key = objectKey('orders/segment')
const ifAbsent = { kind: 'if-absent' } as const
/** With memory for one part, a write resolves when the part has arrived. */
const oneByOne = { condition: ifAbsent, maxBufferedBytes: 5 * mib }

describe.each(['seaweedfs', 'versitygw'] as const)('on %s', (name) => {
  test('the probe finds no fault', async () => {
    await using storage = await open(inject('s3')[name])

    expect(await probe(storage, context)).toEqual({
      ifVersionDelete: true,
      ifAbsentAfterDelete: true,
      canDelete: true,
      warnings: [],
    })
    expect(await Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))).toEqual([])
  })

  test("an answer has the storage's time, by the clock of lastModified", async () => {
    await using storage = await open(inject('s3')[name])
    const put = await storage.put(key, Buffer.from('x'), { condition: ifAbsent })
    const head = await storage.head(key)
    await using reader = await storage.get(key)

    for (const { answeredAt, lastModified } of [put, head ?? put, reader.info]) {
      // Whole seconds on both sides, and versitygw looks at its clock once a second.
      const ageMs = (answeredAt?.getTime() ?? Number.NaN) - lastModified.getTime()
      expect(ageMs).toBeGreaterThan(-2000)
      expect(ageMs).toBeLessThan(5000)
    }
  })

  test('an abandoned upload leaves no parts', async () => {
    const server = inject('s3')[name]
    const prefix = newPrefix()
    await using storage = await open(server, { prefix })
    {
      await using writer = await storage.openWriter(key, oneByOne)
      await writer.write(Buffer.alloc(20 * mib))
      expect(await unfinishedUploads(server, prefix)).toHaveLength(1)
    }
    expect(await unfinishedUploads(server, prefix)).toEqual([])
  })

  test('an upload that lost to another writer leaves no parts', async () => {
    const server = inject('s3')[name]
    const prefix = newPrefix()
    await using storage = await open(server, { prefix })
    await using writer = await storage.openWriter(key, { condition: ifAbsent })
    await writer.write(Buffer.alloc(20 * mib))
    await storage.put(key, Buffer.from('first'), { condition: ifAbsent })

    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_ALREADY_EXISTS' })
    expect(await unfinishedUploads(server, prefix)).toEqual([])
    expect((await readObject(storage, key))?.info.size).toBe(5)
  })

  test('an upload that was swept cannot be committed', async () => {
    await using storage = await open(inject('s3')[name])
    await using writer = await storage.openWriter(key, oneByOne)
    // The last part is small: to a large one versitygw may answer, and hang up, before it has read
    // it.
    await writer.write(Buffer.alloc(15 * mib + 1))
    const sweep = (olderThanMs: number): Promise<number> =>
      storage.sweepUnfinished(keyPrefix('orders/'), { olderThanMs, isOurs: () => true })
    expect(await sweep(60_000)).toBe(0)
    // Whole seconds: what began just now may seem to begin in the future.
    expect(await sweep(-2000)).toBe(1)

    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_REWRITE_NEEDED' })
    expect(await storage.head(key)).toBeUndefined()
  })

  test('a sweep leaves the unfinished uploads of other programs alone', async () => {
    const server = inject('s3')[name]
    const prefix = newPrefix()
    await using storage = await open(server, { prefix })
    const Key = `${prefix}/orders/report.csv`
    await s3ClientOf(server).send(new CreateMultipartUploadCommand({ Bucket: 'backups', Key }))
    await using writer = await storage.openWriter(key, oneByOne)
    await writer.write(Buffer.alloc(15 * mib + 1))
    const options = { olderThanMs: -2000, isOurs: (swept: string) => swept === key }

    expect(await storage.sweepUnfinished(keyPrefix(''), options)).toBe(1)
    expect(await unfinishedUploads(server, prefix)).toMatchObject([{ Key }])
  })

  test.each([
    ['a wrong secret', { secretAccessKey: 'wrong-secret' }],
    ['an unknown key', { accessKeyId: 'nobody' }],
  ])('%s is reported without its value', async (_, wrong) => {
    const server = inject('s3')[name]
    const credentials = { ...server.credentials, ...wrong }
    await using storage = await open(server, {}, credentials)
    const calls = [
      storage.head(key),
      storage.get(key),
      storage.put(key, Buffer.from('x'), { condition: ifAbsent }),
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' })),
    ]

    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED', exitStatus: 18 })
      expect(visibleTextOf(error)).not.toContain(credentials.secretAccessKey)
    }
  })
})

describe('a bucket that speaks S3', () => {
  // Of versitygw 1.8: 412 to If-None-Match over a delete marker. Amazon takes a deleted object for
  // none:
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
  test('the probe notices a versioned bucket that counts delete markers', async () => {
    const server = inject('s3').versitygw
    const client = s3ClientOf(server)
    await client.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }),
    )
    await using storage = await open(server, { bucket: 'versioned' })

    expect(await probe(storage, context)).toMatchObject({
      ifAbsentAfterDelete: false,
      canDelete: true,
      warnings: [{ code: 'STORAGE_UNSUPPORTED' }],
    })
  })

  test('a storage that ignores conditions is refused', async () => {
    await using storage = await open(inject('s3').s3rver)

    await expect(probe(storage, context)).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      remedy: expect.stringContaining('docs/providers.md'),
    })
  })

  test('an identity that may only read can list and read, and learns which permission writing needs', async () => {
    const { seaweedfs } = inject('s3')
    const prefix = newPrefix()
    await using owner = await open(seaweedfs, { prefix })
    await owner.put(key, Buffer.from('x'), { condition: ifAbsent })
    await using reader = await open(seaweedfs, { prefix }, { ...seaweedfs.reader })

    expect(await reader.head(key)).toMatchObject({ size: 1 })
    expect((await readObject(reader, key))?.info.size).toBe(1)
    expect(await Array.fromAsync(reader.list(keyPrefix(''), { depth: 'all' }))).toHaveLength(1)
    const other = objectKey('orders/other')
    const refused = { code: 'STORAGE_DENIED', remedy: expect.stringContaining('s3:PutObject') }
    await expect(
      reader.put(other, Buffer.from('x'), { condition: ifAbsent }),
    ).rejects.toMatchObject(refused)
    await using writer = await reader.openWriter(other, { condition: ifAbsent })
    await expect(
      writer.write(Buffer.alloc(20 * mib)).then(() => writer.commit()),
    ).rejects.toMatchObject(refused)
    await expect(reader.delete(key)).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
      remedy: expect.stringContaining('s3:DeleteObject'),
    })
  })

  test('a locked object cannot be deleted', async () => {
    const { versitygw } = inject('s3')
    const bucket = `locked-${newPrefix()}`
    const client = s3ClientOf(versitygw)
    const { CreateBucketCommand, ListObjectVersionsCommand, DeleteObjectCommand } = await import(
      '@aws-sdk/client-s3'
    )
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }))
    await using storage = await open(versitygw, { bucket, objectLockMode: 'COMPLIANCE' })
    const retainUntil = new Date(Date.now() + 3_600_000)
    await storage.put(key, Buffer.from('x'), { condition: ifAbsent, retainUntil })
    await using writer = await storage.openWriter(objectKey('streamed'), {
      condition: ifAbsent,
      retainUntil,
    })
    await writer.write(Buffer.alloc(9 * mib))
    await writer.commit()

    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
    expect(Versions).toHaveLength(2)
    for (const { Key, VersionId } of Versions) {
      await expect(
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId })),
      ).rejects.toMatchObject({ name: 'AccessDenied' })
    }
  })

  test('without the option an object cannot be locked', async () => {
    await using storage = await open(inject('s3').versitygw)
    const locked = { condition: ifAbsent, retainUntil: new Date() }

    await expect(storage.put(key, Buffer.from('x'), locked)).rejects.toMatchObject({
      code: 'STORAGE_UNSUPPORTED',
      remedy: expect.stringContaining('objectLockMode'),
    })
    expect(await storage.head(key)).toBeUndefined()
  })

  test('a writer takes little more memory than its bound', async () => {
    await using storage = await open(inject('s3').versitygw)
    const options = { condition: ifAbsent, maxBufferedBytes: 32 * mib }
    const growth = await bufferGrowthOfWriting(() => storage.openWriter(key, options), 160 * mib)
    expect(growth).toBeLessThan((32 + 64) * mib)
  })
})

async function unfinishedUploads(server: SharedS3, prefix: string): Promise<unknown[]> {
  const client = s3ClientOf(server)
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: 'backups', Prefix: prefix }),
  )
  return Uploads
}
