import { setTimeout as delay } from 'node:timers/promises'
import { keyPrefix, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import {
  brokenObject,
  type ScriptedAnswer,
  stallingObject,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { errorOf, unavailable } from '@kannery/testing/storages/backend-fixtures'
import { describe, expect, test } from 'vitest'
import { context } from './fixtures.ts'
import {
  body,
  failure,
  ifAbsent,
  json,
  key,
  objectHeaders,
  openAt,
  sessionServer,
  stored,
  stream,
} from './scripted-google.ts'

describe('an error of Google', () => {
  test.each([
    {
      says: 'that a permission is missing',
      answer: failure(403, 'forbidden'),
      error: { code: 'STORAGE_DENIED', remedy: expect.stringContaining('storage.objects.list') },
    },
    {
      says: 'that the token is not accepted',
      answer: failure(401, 'authError'),
      error: { code: 'STORAGE_UNAUTHENTICATED' },
    },
    {
      says: 'that it wants fewer requests',
      answer: failure(429, 'rateLimitExceeded', { 'retry-after': '7' }),
      error: {
        code: 'STORAGE_THROTTLED',
        retry: 'same-request',
        facts: { retryAfterMs: 7000, requestId: 'R1' },
      },
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
      await using server = await startScriptedServer(() => answer)
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

  test('an object is absent only when its bucket exists', async () => {
    let bucket: ScriptedAnswer = { status: 200, body: '{}' }
    await using server = await startScriptedServer(({ url }) =>
      url.includes('maxResults') ? bucket : failure(404, 'notFound'),
    )
    await using storage = await openAt(server)

    expect(await storage.head(key)).toBeUndefined()
    expect(await errorOf(storage.get(key))).toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    await storage.delete(key)
    bucket = failure(404, 'notFound')
    for (const call of [storage.head(key), storage.get(key), storage.delete(key)]) {
      expect(await errorOf(call)).toMatchObject({ code: 'STORAGE_CONTAINER_NOT_FOUND' })
    }
    bucket = failure(503, 'backendError')
    expect(await errorOf(storage.head(key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  test('a conditional delete of another version is refused', async () => {
    await using server = await startScriptedServer(() => failure(412, 'conditionNotMet'))
    await using storage = await openAt(server)
    const { version: ifVersion } = { version: '7' as never }

    expect(await errorOf(storage.delete(key, { ifVersion }))).toMatchObject({
      code: 'STORAGE_PRECONDITION_FAILED',
    })
    expect(server.requests[0]?.url).toContain('ifGenerationMatch=7')
  })
})

type Call = (storage: StorageBackend) => Promise<unknown>

describe('an answer of Google that comes too late', () => {
  test.each<[string, Call, number]>([
    ['get', (storage) => readObject(storage, key), 200],
    ['get that is refused', (storage) => readObject(storage, key), 503],
    ['head', (storage) => storage.head(key), 200],
    ['put', (storage) => storage.put(key, body, { condition: ifAbsent }), 200],
    ['put that is refused', (storage) => storage.put(key, body, { condition: ifAbsent }), 503],
    ['list', (storage) => Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' })), 200],
    ['delete', (storage) => storage.delete(key), 200],
  ])('an answer to a %s that comes after the caller gave up does no harm', async (...row) => {
    const [, call, status] = row
    await using server = await startScriptedServer(() => ({
      status,
      headers: { ...json, ...objectHeaders },
      body: stored,
      delayMs: 300,
    }))
    await using backend = await openAt(server)
    const retry = { attemptMs: 20, deadlineMs: 100, firstPauseMs: 1, maxPauseMs: 1 }
    const storage = decorate(backend, { ...context, retry })

    expect(await errorOf(call(storage))).toMatchObject({
      code: expect.stringMatching(/STORAGE_(UNAVAILABLE|OUTCOME_UNKNOWN)/),
    })
    await server.allLeft()
  })

  test('a get that is aborted before it begins sends no request', async () => {
    await using server = await startScriptedServer(() => failure(503, 'backendError'))
    await using storage = await openAt(server)
    const signal = AbortSignal.abort(new Error('enough'))

    await expect(storage.get(key, { signal })).rejects.toThrow('enough')
    await errorOf(storage.head(key))

    // An answer to it would end the process: it has no listener.
    expect(server.requests).toHaveLength(1)
  })

  test('a reader that gives up leaves the connections of other calls alone', async () => {
    await using server = await startScriptedServer(({ url }) =>
      url.includes('alt=media')
        ? { status: 200, headers: objectHeaders, body: Buffer.alloc(1000), stallAfter: 10 }
        : { status: 200, headers: json, body: stored, delayMs: 300 },
    )
    await using storage = await openAt(server)
    const reader = await storage.get(key)
    const other = storage.head(key)
    await delay(100)
    await reader[Symbol.asyncDispose]()

    await expect(other).resolves.toMatchObject({ size: 4 })
  })

  test('a stalled body does not keep its connection after its reader gave up', async () => {
    await using server = await startScriptedServer(stallingObject(objectHeaders))
    await using backend = await openAt(server)
    const retry = { attemptMs: 100, deadlineMs: 300, firstPauseMs: 1, maxPauseMs: 1 }
    const storage = decorate(backend, { ...context, retry })

    expect(await errorOf(readObject(storage, key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(server.requests.length).toBeGreaterThan(1)
    await server.allLeft()
  })
})

describe('an answer of Google that breaks off', () => {
  test('a body that breaks off is an error, never an end', async () => {
    await using server = await startScriptedServer(brokenObject(objectHeaders))
    await using storage = await openAt(server)

    expect(await errorOf(readObject(storage, key))).toMatchObject(unavailable)
  })

  test('an error, a listing or the end of an upload that breaks off is an error of the network', async () => {
    let cutOffAfter: number | undefined = 10
    const broken = (status: number): ScriptedAnswer => ({
      status,
      body: '{"items":[{"name":"a","size":"1',
      ...(cutOffAfter === undefined ? {} : { cutOffAfter }),
    })
    let status = 200
    await using server = await startScriptedServer(() => broken(status))
    await using session = await sessionServer((_first, _last, total) =>
      total === undefined ? 'kept' : broken(200),
    )
    await using storage = await openAt(server)
    const list = (): Promise<unknown> =>
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))

    for (cutOffAfter of [10, undefined]) {
      for (status of [200, 503]) expect(await errorOf(list())).toMatchObject(unavailable)
      expect(await errorOf(stream(session))).toMatchObject(unavailable)
    }
  })
})
