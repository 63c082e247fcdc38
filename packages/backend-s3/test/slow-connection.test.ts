import { objectKey, type PartSender, type StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { type Answer, type SlowServer, slowServer } from '@kannery/testing/servers/http/slow-server'
import { expect, test } from 'vitest'
import { plugin } from '../src/index.ts'
import { context } from './fixtures.ts'

const key = objectKey('orders/index')
const ifAbsent = { condition: { kind: 'if-absent' } } as const
const mib = 1024 * 1024

async function openAt(endpoint: string): Promise<StorageBackend> {
  return await plugin.open(
    { bucket: 'backups', endpoint, region: 'us-east-1' },
    { ...context, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'hunter2' } },
  )
}

const answer: Answer = ({ method, url }) => ({
  status: 200,
  headers: { date: 'Mon, 23 Nov 2026 10:00:00 GMT', etag: '"e"' },
  body:
    method === 'POST' && url.includes('?uploads')
      ? '<R><UploadId>U</UploadId></R>'
      : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>',
})

/** @param attemptMs less than what each request takes */
async function decorated(server: SlowServer, attemptMs: number): Promise<StorageBackend> {
  const retry = { attemptMs, deadlineMs: 2 * attemptMs }
  return decorate(await openAt(server.endpoint), { ...context, retry })
}

test('a put may take several times as long as an attempt while its body advances', async () => {
  await using server = await slowServer(6 * mib, answer)
  await using storage = await decorated(server, 600)
  const info = await storage.put(key, Buffer.alloc(16 * mib), ifAbsent)

  expect(info).toMatchObject({ size: 16 * mib })
  expect(server.answered()).toBe(1)
})

test('each part of an upload reports how much of it has left', async () => {
  await using server = await slowServer(1024 * mib, answer)
  await using storage = await openAt(server.endpoint)
  const reports: number[][] = []
  const sendPart: PartSender = async (_bytes, send) => {
    const sent: number[] = []
    reports.push(sent)
    return await send((bytes) => sent.push(bytes))
  }
  await using writer = await storage.openWriter(key, { ...ifAbsent, sendPart })
  await writer.write(Buffer.alloc(17 * mib))
  await writer.commit()

  expect(reports.map((sent) => sent.at(-1))).toEqual([8 * mib, 8 * mib, mib])
  expect(reports[0]).toHaveLength(128)
})
