import { keyPrefix, objectKey } from '@kannery/storage'
import { probe, readObject } from '@kannery/storage/client'
import { mib, newPrefix } from '@kannery/testing/storages/backend-fixtures'
import { bufferGrowthOfWriting } from '@kannery/testing/storages/peak-memory'
import { describe, expect, inject, test } from 'vitest'
import { context, open } from './fixtures.ts'

const key = objectKey('orders/segment')
const ifAbsent = { kind: 'if-absent' } as const

describe('a bucket of fake-gcs-server', () => {
  test('the probe notices that the condition of a delete is ignored, and continues without it', async () => {
    await using storage = await open(inject('gcs'))

    expect(await probe(storage, context)).toMatchObject({
      ifVersionDelete: false,
      ifAbsentAfterDelete: true,
      canDelete: true,
      warnings: [{ code: 'STORAGE_UNSUPPORTED' }],
    })
    expect(await Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))).toEqual([])
  })

  test("an answer has the storage's time, by the clock of lastModified", async () => {
    await using storage = await open(inject('gcs'))
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

  test('the second of two uploads of one name fails, and changes nothing', async () => {
    await using storage = await open(inject('gcs'))
    const options = { condition: ifAbsent, maxBufferedBytes: 4 * mib }
    await using first = await storage.openWriter(key, options)
    await using second = await storage.openWriter(key, options)
    await Promise.all([
      first.write(Buffer.alloc(5 * mib, 1)),
      second.write(Buffer.alloc(5 * mib, 2)),
    ])
    await first.commit()

    await expect(second.commit()).rejects.toMatchObject({ code: 'STORAGE_ALREADY_EXISTS' })
    const found = await readObject(storage, key)
    expect(Buffer.alloc(5 * mib, 1).equals(found?.bytes ?? Buffer.alloc(0))).toBe(true)
  })

  test("Google's own SDK reads what was written", async () => {
    const { endpoint } = inject('gcs')
    const prefix = newPrefix()
    await using storage = await open(inject('gcs'), { prefix })
    const { version } = await storage.put(key, Buffer.from('x'), {
      condition: ifAbsent,
      contentType: 'text/plain',
    })
    const { Storage } = await import('@google-cloud/storage')
    const sdk = new Storage({ apiEndpoint: endpoint, projectId: 'kannery' })
    const file = sdk.bucket('backups').file(`${prefix}/${key}`)
    const [metadata] = await file.getMetadata()

    expect(metadata).toMatchObject({ generation: version, contentType: 'text/plain' })
    expect((await file.download())[0].toString()).toBe('x')
  })

  test('a writer takes little more memory than its bound', async () => {
    await using storage = await open(inject('gcs'))
    const options = { condition: ifAbsent, maxBufferedBytes: 32 * mib }
    const growth = await bufferGrowthOfWriting(() => storage.openWriter(key, options), 160 * mib)
    expect(growth).toBeLessThan((32 + 64) * mib)
  })
})
