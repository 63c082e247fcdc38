import {
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { keyPrefix, objectKey } from '@kannery/storage'
import { probe, readObject } from '@kannery/storage/client'
import { errorOf, mib, newPrefix, visibleTextOf } from '@kannery/testing/storages/backend-fixtures'
import { bufferGrowthOfWriting } from '@kannery/testing/storages/peak-memory'
import { describe, expect, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

const key = objectKey('orders/segment')
const ifAbsent = { kind: 'if-absent' } as const
/** With memory for one part, a write resolves when the part has arrived. */
const oneByOne = { condition: ifAbsent, maxBufferedBytes: 5 * mib }

describe('a container of Azurite', () => {
  test('the probe finds no fault', async () => {
    await using storage = await open(inject('azurite'))

    expect(await probe(storage, context)).toEqual({
      ifVersionDelete: true,
      ifAbsentAfterDelete: true,
      canDelete: true,
      warnings: [],
    })
    expect(await Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))).toEqual([])
  })

  test("an answer has the storage's time, by the clock of lastModified", async () => {
    await using storage = await open(inject('azurite'))
    const put = await storage.put(key, Buffer.from('x'), { condition: ifAbsent })
    const head = await storage.head(key)
    await using reader = await storage.get(key)

    for (const { answeredAt, lastModified } of [put, head ?? put, reader.info]) {
      const ageMs = (answeredAt?.getTime() ?? Number.NaN) - lastModified.getTime()
      // An answer has whole seconds.
      expect(ageMs).toBeGreaterThan(-1000)
      expect(ageMs).toBeLessThan(5000)
    }
  })

  test('an abandoned upload leaves no blocks', async () => {
    const prefix = newPrefix()
    await using storage = await open(inject('azurite'), { prefix })
    {
      await using writer = await storage.openWriter(key, oneByOne)
      await writer.write(Buffer.alloc(20 * mib))
      expect(await uncommitted(prefix)).toEqual([`${prefix}/${key}`])
    }
    expect(await uncommitted(prefix)).toEqual([])
    expect(await storage.head(key)).toBeUndefined()
  })

  test('the second of two writers of one name fails, and changes nothing', async () => {
    const prefix = newPrefix()
    await using storage = await open(inject('azurite'), { prefix })
    await using first = await storage.openWriter(key, oneByOne)
    await using second = await storage.openWriter(key, oneByOne)
    await Promise.all([
      first.write(Buffer.alloc(20 * mib, 1)),
      second.write(Buffer.alloc(20 * mib, 2)),
    ])
    await first.commit()

    await expect(second.commit()).rejects.toMatchObject({ code: 'STORAGE_ALREADY_EXISTS' })
    const found = await readObject(storage, key)
    expect(Buffer.alloc(20 * mib, 1).equals(found?.bytes ?? Buffer.alloc(0))).toBe(true)
  })

  test('an upload that was swept cannot be committed', async () => {
    await using storage = await open(inject('azurite'))
    await using writer = await storage.openWriter(key, oneByOne)
    await writer.write(Buffer.alloc(20 * mib))
    const sweep = (olderThanMs: number): Promise<number> =>
      storage.sweepUnfinished(keyPrefix('orders/'), { olderThanMs, isOurs: () => true })
    expect(await sweep(60_000)).toBe(0)
    // Whole seconds: what began just now may seem to begin in the future.
    expect(await sweep(-2000)).toBe(1)

    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORAGE_REWRITE_NEEDED' })
    expect(await storage.head(key)).toBeUndefined()
  })

  test('a sweep leaves the unfinished uploads of other programs alone', async () => {
    await using storage = await open(inject('azurite'))
    await using ours = await storage.openWriter(key, oneByOne)
    await ours.write(Buffer.alloc(20 * mib))
    // Its blocks lie there as those of any other program do.
    const theirKey = objectKey('orders/report.csv')
    await using theirs = await storage.openWriter(theirKey, oneByOne)
    await theirs.write(Buffer.alloc(20 * mib))
    const options = { olderThanMs: -2000, isOurs: (swept: string) => swept === key }

    expect(await storage.sweepUnfinished(keyPrefix(''), options)).toBe(1)
    await theirs.commit()
    expect(await storage.head(theirKey)).toMatchObject({ size: 20 * mib })
  })

  test('a sweep leaves empty objects alone', async () => {
    await using storage = await open(inject('azurite'))
    const { version } = await storage.put(key, new Uint8Array(), { condition: ifAbsent })

    expect(
      await storage.sweepUnfinished(keyPrefix(''), { olderThanMs: -2000, isOurs: () => true }),
    ).toBe(0)
    expect(await storage.head(key)).toMatchObject({ version })
  })

  test('a wrong key is reported without its value', async () => {
    const accountKey = Buffer.from('a wrong key').toString('base64')
    await using storage = await open(inject('azurite'), {}, { accountKey })
    const calls = [
      storage.head(key),
      storage.get(key),
      storage.put(key, Buffer.from('x'), { condition: ifAbsent }),
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' })),
    ]

    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED', exitStatus: 18 })
      expect(visibleTextOf(error)).not.toContain(accountKey)
    }
  })

  test('an identity that may only read can list and read, and learns which permission writing needs', async () => {
    const prefix = newPrefix()
    await using owner = await open(inject('azurite'), { prefix })
    await owner.put(key, Buffer.from('x'), { condition: ifAbsent })
    await using reader = await open(inject('azurite'), { prefix }, { sasToken: sasFor('rl') })

    expect(await reader.head(key)).toMatchObject({ size: 1 })
    expect((await readObject(reader, key))?.info.size).toBe(1)
    expect(await Array.fromAsync(reader.list(keyPrefix(''), { depth: 'all' }))).toHaveLength(1)
    const other = objectKey('orders/other')
    const refused = { code: 'STORAGE_DENIED', remedy: expect.stringContaining('(r, c, w)') }
    await expect(
      reader.put(other, Buffer.from('x'), { condition: ifAbsent }),
    ).rejects.toMatchObject(refused)
    await using writer = await reader.openWriter(other, { condition: ifAbsent })
    await expect(
      writer.write(Buffer.alloc(20 * mib)).then(() => writer.commit()),
    ).rejects.toMatchObject(refused)
    await expect(reader.delete(key)).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
      remedy: expect.stringContaining('(d)'),
    })
  })

  test('a SAS token and a connection string open the storage as well', async () => {
    const { endpoint, account } = inject('azurite')
    const connectionString = `AccountName=${account.name};AccountKey=${account.key};BlobEndpoint=${endpoint};`
    for (const credentials of [{ sasToken: `?${sasFor('rcwdl')}` }, { connectionString }]) {
      await using storage = await open(inject('azurite'), {}, credentials)
      expect(storage.location).not.toContain('?')
      await storage.put(key, Buffer.from('x'), { condition: ifAbsent })
      await storage.delete(key)
    }
  })

  function sasFor(permissions: string): string {
    const parameters = {
      containerName: 'backups',
      permissions: ContainerSASPermissions.parse(permissions),
      expiresOn: new Date(Date.now() + 3_600_000),
    }
    return generateBlobSASQueryParameters(parameters, sharedKey()).toString()
  }

  async function uncommitted(prefix: string): Promise<string[]> {
    const container = new ContainerClient(`${inject('azurite').endpoint}/backups`, sharedKey())
    const blobs = await Array.fromAsync(
      container.listBlobsFlat({ prefix, includeUncommitedBlobs: true }),
    )
    return blobs.map(({ name }) => name)
  }

  function sharedKey(): StorageSharedKeyCredential {
    const { account } = inject('azurite')
    return new StorageSharedKeyCredential(account.name, account.key)
  }

  test('a writer takes little more memory than its bound', async () => {
    await using storage = await open(inject('azurite'))
    const options = { condition: ifAbsent, maxBufferedBytes: 32 * mib }
    const growth = await bufferGrowthOfWriting(() => storage.openWriter(key, options), 160 * mib)
    expect(growth).toBeLessThan((32 + 64) * mib)
  })
})
