import { decorate } from '@kannery/storage/client'
import { type Answer, slowServer } from '@kannery/testing/servers/http/slow-server'
import { mib, progressReports } from '@kannery/testing/storages/backend-fixtures'
import { describe, expect, test } from 'vitest'
import { context } from './fixtures.ts'
import { beginsUpload, begunUpload, completedUpload, ifAbsent, key, openAt } from './scripted-s3.ts'

const answer: Answer = (request) => ({
  status: 200,
  headers: { date: 'Mon, 23 Nov 2026 10:00:00 GMT', etag: '"e"' },
  body: beginsUpload(request) ? begunUpload : completedUpload,
})

describe('a slow connection to S3', () => {
  test('a put may take several times as long as an attempt while its body advances', async () => {
    await using server = await slowServer(6 * mib, answer)
    const retry = { attemptMs: 600, deadlineMs: 1200 }
    await using storage = decorate(await openAt(server), { ...context, retry })
    const info = await storage.put(key, Buffer.alloc(16 * mib), { condition: ifAbsent })

    expect(info).toMatchObject({ size: 16 * mib })
    expect(server.answered()).toBe(1)
  })

  test('each part of an upload reports how much of it has left', async () => {
    await using server = await slowServer(1024 * mib, answer)
    await using storage = await openAt(server)
    const { reports, begin } = progressReports()
    await using writer = await storage.openWriter(key, {
      condition: ifAbsent,
      sendPart: async (_bytes, send) => await send(begin()),
    })
    await writer.write(Buffer.alloc(17 * mib))
    await writer.commit()

    expect(reports.map((sent) => sent.at(-1))).toEqual([8 * mib, 8 * mib, mib])
    expect(reports[0]).toHaveLength(128)
  })
})
