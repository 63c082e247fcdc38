// What no server that runs here can show, played over HTTP through the SDK as the provider
// documents it.
import { inspect } from 'node:util'
import { keyPrefix } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import {
  answerTo,
  brokenObject,
  countRequests,
  stallingObject,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { errorOf, mib, unavailable } from '@kannery/testing/storages/backend-fixtures'
import { describe, expect, test } from 'vitest'
import { context } from './fixtures.ts'
import {
  blockServer,
  body,
  failure,
  ifAbsent,
  key,
  openAt,
  stored,
  stream,
} from './scripted-azure.ts'

describe('an error of Azure', () => {
  test.each([
    // https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key#specifying-the-date-header
    {
      says: "that this machine's clock is wrong",
      answer: failure(
        403,
        'AuthenticationFailed',
        '<AuthenticationErrorDetail>Request date header too old</AuthenticationErrorDetail>',
      ),
      error: {
        code: 'STORAGE_UNAUTHENTICATED',
        why: expect.stringContaining('date header too old'),
      },
    },
    // https://learn.microsoft.com/azure/storage/common/storage-sas-overview
    {
      says: 'that the SAS has expired',
      answer: failure(
        403,
        'AuthenticationFailed',
        '<AuthenticationErrorDetail>Signature not valid in the specified time frame: Expiry [Mon, 23 Nov 2026]</AuthenticationErrorDetail>',
      ),
      error: { code: 'STORAGE_UNAUTHENTICATED', why: expect.stringContaining('Expiry') },
    },
    {
      says: 'that a permission is missing',
      answer: failure(403, 'AuthorizationPermissionMismatch'),
      error: { code: 'STORAGE_DENIED', remedy: expect.stringContaining('Storage Blob Data') },
    },
    {
      says: 'that it wants fewer requests',
      answer: failure(503, 'ServerBusy', '', { 'retry-after': '7' }),
      error: { code: 'STORAGE_THROTTLED', retry: 'same-request', facts: { retryAfterMs: 7000 } },
    },
    {
      says: 'what a proxy says',
      answer: { status: 502, body: '<html>Bad Gateway</html>' },
      error: { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' },
    },
    {
      says: 'nothing',
      answer: undefined,
      error: { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' },
    },
  ])(
    'that says $says is reported with cause and remedy by get, head, put and list',
    async (play) => {
      const { answer, error } = play
      await using server = await startScriptedServer((request) => answerTo(request, answer))
      await using storage = await openAt(server)

      const errors = [
        await errorOf(storage.get(key)),
        await errorOf(storage.head(key)),
        await errorOf(storage.put(key, body, { condition: ifAbsent })),
        await errorOf(Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))),
      ]

      for (const [index, reported] of errors.entries()) {
        expect(reported).toMatchObject({ code: error.code, retry: error.retry ?? 'never' })
        if (index === 0) expect(reported).toMatchObject(error)
      }
      // One attempt each: a backend does not retry.
      expect(server.requests).toHaveLength(4)
    },
  )

  test('neither a key nor a SAS token is in an error or what caused it', async () => {
    await using server = await startScriptedServer(() => failure(403, 'AuthenticationFailed'))
    const sas = 'sv=2026-10-06&sig=hunter2hunter2'
    await using bySas = await openAt(server, { sasToken: sas })
    await using byKey = await openAt(server)
    const signature = (): string => String(server.requests.at(-1)?.headers.authorization)

    expect(inspect(await errorOf(bySas.get(key)), { depth: 9 })).not.toContain('hunter2')
    const error = await errorOf(byKey.get(key))
    const text = inspect(error, { depth: 9 })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).not.toHaveProperty('request')
    expect(signature()).toMatch(/^SharedKey acme:/)
    expect(text).not.toContain(signature().slice('SharedKey acme:'.length))
    expect(text).not.toContain('aHVudGVyMg==')
  })
})

describe('an answer of Azure that stops or breaks off', () => {
  test('a stalled body does not keep its connection after its reader gave up', async () => {
    await using server = await startScriptedServer(stallingObject(stored))
    await using backend = await openAt(server)
    const retry = { attemptMs: 100, deadlineMs: 300, firstPauseMs: 1, maxPauseMs: 1 }
    const storage = decorate(backend, { ...context, retry })

    expect(await errorOf(readObject(storage, key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(server.requests.length).toBeGreaterThan(1)
    await server.allLeft()
  })

  test('a body that breaks off is an error, never an end, and is not requested again', async () => {
    await using server = await startScriptedServer(brokenObject(stored))
    await using storage = await openAt(server)

    expect(await errorOf(readObject(storage, key))).toMatchObject(unavailable)
    expect(server.requests).toHaveLength(1)
  })

  test('an error or a listing that breaks off is an error of the network', async () => {
    let status = 200
    await using server = await startScriptedServer(() => ({
      status,
      headers: { 'content-type': 'application/xml', date: stored.date },
      body: '<?xml version="1.0"?><EnumerationResults><Blobs><Blob><Name>a</Name>',
      cutOffAfter: 40,
    }))
    await using storage = await openAt(server)
    const list = (): Promise<unknown> =>
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))

    for (status of [200, 403]) {
      expect(await errorOf(list())).toMatchObject(unavailable)
    }
  })
})

describe('an upload in blocks', () => {
  // https://learn.microsoft.com/rest/api/storageservices/put-block-list
  test.each([
    ['409 at the commit', failure(409, 'BlobAlreadyExists'), 'STORAGE_ALREADY_EXISTS'],
    ['blocks that are gone', failure(400, 'InvalidBlockList'), 'STORAGE_REWRITE_NEEDED'],
  ])('%s: nothing is published, and the blocks are released', async (_, answer, code) => {
    await using server = await blockServer(() => answer)

    expect(await errorOf(stream(server))).toMatchObject({ code, retry: 'after-refresh' })
    expect(countRequests(server, 'DELETE')).toBe(1)
  })

  test.each([
    ['a 500', failure(500, 'OperationTimedOut')],
    ['no answer', undefined],
  ])('%s at the commit leaves the outcome unknown: nothing is deleted', async (_, answer) => {
    await using server = await blockServer(() => answer)

    expect(await errorOf(stream(server))).toMatchObject(unavailable)
    expect(countRequests(server, 'DELETE')).toBe(0)
  })

  test('a commit that is never answered ends with the signal: nothing is deleted', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    await using server = await blockServer(() => {
      abort.abort(reason)
      return 'silence'
    })

    expect(await errorOf(stream(server, abort.signal))).toBe(reason)
    expect(countRequests(server, 'DELETE')).toBe(0)
  })

  test('blocks of different writers never have the same id', async () => {
    await using server = await blockServer(() => ({ status: 201, headers: stored }))
    await using storage = await openAt(server)
    for (let writers = 0; writers < 2; writers++) {
      await using writer = await storage.openWriter(key, { condition: ifAbsent })
      await writer.write(Buffer.alloc(9 * mib))
      await writer.commit()
    }
    const ids = server.requests.flatMap(
      ({ url }) => new URL(url, 'http://x').searchParams.get('blockid') ?? [],
    )

    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(4)
    expect(new Set(ids.map((id) => id.length)).size).toBe(1)
  })
})
