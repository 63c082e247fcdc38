import type { PartSender, StorageBackend } from '@kannery/storage'
import { decorate } from '@kannery/storage/client'
import { type Answer, type SlowServer, slowServer } from '@kannery/testing/servers/http/slow-server'
import { describe, expect, test } from 'vitest'
import { context } from './fixtures.ts'
import { ifAbsent, key, mib, openAt, stored } from './scripted-azure.ts'

const answer: Answer = () => ({ status: 201, headers: stored })

/** @param attemptMs less than what each request takes */
async function decorated(server: SlowServer, attemptMs: number): Promise<StorageBackend> {
  const retry = { attemptMs, deadlineMs: 2 * attemptMs }
  return decorate(await openAt(server), { ...context, retry })
}

describe('a slow connection to Azure', () => {
  test('a put may take several times as long as an attempt while its body advances', async () => {
    await using server = await slowServer(6 * mib, answer)
    await using storage = await decorated(server, 600)
    const info = await storage.put(key, Buffer.alloc(16 * mib), { condition: ifAbsent })

    expect(info).toMatchObject({ size: 16 * mib })
    expect(server.answered()).toBe(1)
  })

  test('each part of an upload reports how much of it has left', async () => {
    await using server = await slowServer(1024 * mib, answer)
    await using storage = await openAt(server)
    const reports: number[][] = []
    const sendPart: PartSender = async (_bytes, send) => {
      const sent: number[] = []
      reports.push(sent)
      return await send((bytes) => sent.push(bytes))
    }
    await using writer = await storage.openWriter(key, { condition: ifAbsent, sendPart })
    await writer.write(Buffer.alloc(17 * mib))
    await writer.commit()

    expect(reports.map((sent) => sent.at(-1))).toEqual([8 * mib, 8 * mib, mib])
    expect(reports[0]).toHaveLength(128)
  })
})
