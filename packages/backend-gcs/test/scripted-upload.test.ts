import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  countRequests,
  type ReceivedRequest,
  type ScriptedServer,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import {
  errorOf,
  mib,
  progressReports,
  unavailable,
} from '@kannery/testing/storages/backend-fixtures'
import { describe, expect, test, vi } from 'vitest'
import {
  body,
  failure,
  ifAbsent,
  json,
  key,
  openAt,
  sessionServer,
  stored,
  stream,
} from './scripted-google.ts'

function rangesSentTo(server: ScriptedServer): unknown[] {
  return server.requests.flatMap(({ headers }) => headers['content-range'] ?? [])
}

describe('an upload in parts', () => {
  // https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload: "the Range
  // header … indicates which bytes have been persisted so far", which may be fewer than were sent.
  test('bytes of a part that Google did not keep are sent again', async () => {
    let isFirst = true
    await using server = await sessionServer(() => {
      if (!isFirst) return 'kept'
      isFirst = false
      return { status: 308, headers: { range: `bytes=0-${mib - 1}` } }
    })
    await stream(server)

    expect(rangesSentTo(server)).toEqual([
      `bytes 0-${2 * mib - 1}/*`,
      `bytes ${mib}-${2 * mib - 1}/*`,
      `bytes ${2 * mib}-${4 * mib - 1}/*`,
      `bytes ${4 * mib}-${5 * mib - 1}/${5 * mib}`,
    ])
  })

  test.each([
    ['412', failure(412, 'conditionNotMet'), 'STORAGE_ALREADY_EXISTS'],
    ['410', failure(410, 'gone'), 'STORAGE_REWRITE_NEEDED'],
  ])('%s at the end of an upload publishes nothing', async (_, answer, code) => {
    await using server = await sessionServer((_first, _last, total) =>
      total === undefined ? 'kept' : answer,
    )

    expect(await errorOf(stream(server))).toMatchObject({ code, retry: 'after-refresh' })
  })

  test.each([
    ['a 503', failure(503, 'backendError')],
    ['no answer', undefined],
  ])('%s at the end of an upload leaves the outcome unknown', async (_, answer) => {
    await using server = await sessionServer((_first, _last, total) =>
      total === undefined ? 'kept' : answer,
    )
    const error = await errorOf(stream(server))

    expect(error).toMatchObject(unavailable)
    expect(countRequests(server, 'DELETE')).toBe(0)
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })

  test('a commit that is never answered ends with the signal: nothing is cancelled', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    await using server = await sessionServer((_first, _last, total) => {
      if (total === undefined) return 'kept'
      abort.abort(reason)
      return 'silence'
    })

    expect(await errorOf(stream(server, abort.signal))).toBe(reason)
    expect(countRequests(server, 'DELETE')).toBe(0)
  })

  test('an abandoned upload is cancelled', async () => {
    await using server = await sessionServer(() => 'kept')
    await using storage = await openAt(server)
    {
      await using writer = await storage.openWriter(key, {
        condition: ifAbsent,
        maxBufferedBytes: 4 * mib,
      })
      await writer.write(Buffer.alloc(5 * mib))
    }

    expect(countRequests(server, 'DELETE')).toBe(1)
  })

  test('an upload that was stored with other bytes is not used', async () => {
    const other = JSON.stringify({ ...JSON.parse(stored), crc32c: 'AAAAAA==' })
    await using server = await sessionServer((_first, _last, total) =>
      total === undefined ? 'kept' : { status: 200, headers: json, body: other },
    )

    expect(await errorOf(stream(server))).toMatchObject({
      code: 'STORAGE_REWRITE_NEEDED',
      retry: 'after-refresh',
    })
  })

  test.each([
    ['answers 503 to', failure(503, 'backendError')],
    ['does not answer', undefined],
  ])('a part that Google %s is sent once: a backend does not retry', async (_, answer) => {
    await using server = await sessionServer(() => answer)

    expect(await errorOf(stream(server))).toMatchObject(unavailable)
    expect(rangesSentTo(server)).toHaveLength(1)
  })

  test('an upload leaves nothing in the home folder', async () => {
    const home = await mkdtemp(join(tmpdir(), 'kannery-home-'))
    vi.stubEnv('HOME', home)
    vi.stubEnv('XDG_CONFIG_HOME', join(home, '.config'))
    try {
      await using server = await sessionServer(() => 'kept')
      await stream(server)
      expect(await readdir(home)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      await rm(home, { recursive: true })
    }
  })

  test('each part of an upload, and a put, report how much of them has left', async () => {
    await using server = await sessionServer(() => 'kept')
    await using storage = await openAt(server)
    const { reports, begin } = progressReports()
    await using writer = await storage.openWriter(key, {
      condition: ifAbsent,
      maxBufferedBytes: 4 * mib,
      onProgress: begin(),
      sendPart: async (_bytes, send) => await send(begin()),
    })
    await writer.write(Buffer.alloc(5 * mib))
    await writer.commit()

    // The last part leaves with the commit.
    expect(reports.map((sent) => sent.at(-1))).toEqual([mib, 2 * mib, 2 * mib, undefined])
  })
})

/** The second part of a body, read as RFC 2046 says. */
function contentIn({ headers, body: sent }: ReceivedRequest): string | undefined {
  const [, boundary = ''] = /boundary=(.*)$/.exec(String(headers['content-type'])) ?? []
  const [, content] = sent.toString('latin1').split(`--${boundary}`).slice(1)
  return content?.split('\r\n\r\n').slice(1).join('\r\n\r\n').replace(/\r\n$/, '')
}

describe('an object that is put in one request', () => {
  // CRC32C of "123456789" is 0xe3069283:
  // https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
  test('carries the checksum that Google compares', async () => {
    await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
    await using storage = await openAt(server)
    await storage.put(key, Buffer.from('123456789'), { condition: ifAbsent })

    expect(server.requests[0]?.body.toString()).toContain('"crc32c":"4waSgw=="')
    expect(server.requests[0]?.url).toContain('ifGenerationMatch=0')
  })

  test('is stored whole whatever bytes it holds', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      headers: json,
      body: stored,
    }))
    await using storage = await openAt(server)
    await storage.put(key, body, { condition: ifAbsent })
    const [first] = server.requests
    const [, boundary] = /boundary=(.*)$/.exec(String(first?.headers['content-type'])) ?? []
    const content = `first half\r\n--${boundary}--\r\nsecond half`
    await storage.put(key, Buffer.from(content), { condition: ifAbsent })

    expect(server.requests.map(contentIn)).toEqual(['body', content])
  })
})
