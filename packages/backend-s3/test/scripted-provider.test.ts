// What no server that runs here can show, played over HTTP through the SDK as the provider
// documents it.
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { keyPrefix, objectKey } from '@kannery/storage'
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
  beginsUpload,
  begunUpload,
  body,
  completedUpload,
  failure,
  ifAbsent,
  key,
  openAt,
  stored,
  stream,
  uploadServer,
} from './scripted-s3.ts'

function amzDay(date: string): string {
  return new Date(date).toISOString().slice(0, 10).replaceAll('-', '')
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

describe('an error of S3', () => {
  test.each([
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingRouting.html
    {
      says: 'a bucket in another region (redirect)',
      answer: failure(301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'eu-central-1' }),
      error: { code: 'CONFIG_INVALID', remedy: 'Add ?region=eu-central-1 to the URL.' },
    },
    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    {
      says: 'a bucket in another region (signature)',
      answer: failure(400, 'AuthorizationHeaderMalformed', '<Region>eu-central-1</Region>'),
      error: { code: 'CONFIG_INVALID', remedy: 'Add ?region=eu-central-1 to the URL.' },
    },
    {
      says: 'an expired token',
      answer: failure(400, 'ExpiredToken'),
      error: { code: 'STORAGE_UNAUTHENTICATED', why: 'the session token has expired' },
    },
    {
      says: 'a missing permission',
      answer: failure(403, 'AccessDenied'),
      error: { code: 'STORAGE_DENIED', remedy: expect.stringContaining('s3:GetObject') },
    },
    {
      says: 'a page of a proxy',
      answer: { status: 502, body: '<html>Bad Gateway</html>' },
      error: { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' },
    },
    {
      says: 'nothing',
      answer: undefined,
      error: { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' },
    },
  ])(
    '$says is reported with cause and remedy by get, head, put and list',
    async ({ answer, error }) => {
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
        expect(inspect(reported, { depth: 9 })).not.toContain('hunter2')
      }
    },
  )

  test('a key is absent only when S3 says so', async () => {
    let code = 'NoSuchKey'
    await using server = await startScriptedServer((request) =>
      answerTo(request, failure(404, code)),
    )
    await using storage = await openAt(server)

    expect(await storage.head(key)).toBeUndefined()
    code = 'NoSuchBucket'
    expect(await errorOf(storage.head(key))).toMatchObject({ code: 'STORAGE_CONTAINER_NOT_FOUND' })
    code = 'NoSuchSomething'
    expect(await errorOf(storage.head(key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
  test("with this machine's clock a day slow, the next request has the storage's time", async () => {
    const tomorrow = new Date(Date.now() + 24 * 3600 * 1000).toUTCString()
    await using server = await startScriptedServer((request) =>
      String(request.headers['x-amz-date']).startsWith(amzDay(tomorrow))
        ? failure(404, 'NoSuchKey', '', { date: tomorrow })
        : failure(403, 'RequestTimeTooSkewed', '', { date: tomorrow }),
    )
    await using storage = await openAt(server)

    expect(await errorOf(storage.get(key))).toMatchObject({
      code: 'STORAGE_UNAUTHENTICATED',
      retry: 'same-request',
      why: expect.stringContaining('clock'),
      remedy: expect.stringContaining('clock'),
    })
    expect(await errorOf(storage.get(key))).toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })

  test('a request for fewer requests says how long to wait; a backend does not retry', async () => {
    await using server = await startScriptedServer(() =>
      failure(503, 'SlowDown', '', { 'retry-after': '7' }),
    )
    await using storage = await openAt(server)

    expect(await errorOf(storage.put(key, body, { condition: ifAbsent }))).toMatchObject({
      code: 'STORAGE_THROTTLED',
      retry: 'same-request',
      facts: { retryAfterMs: 7000, requestId: 'R1' },
    })
    expect(server.requests).toHaveLength(1)
  })

  test('a key id with a line end, as echo makes it, is a fault of the configuration and not shown', async () => {
    await using backend = await openAt({ endpoint: 'http://127.0.0.1:9' }, 'AKIA\n')

    const error = await errorOf(backend.head(key))

    expect(error).toMatchObject({ code: 'CONFIG_INVALID', why: expect.stringMatching(/line end/) })
    expect(JSON.stringify(error) + String(error)).not.toMatch(/AKIA|hunter2/)
  })
})

describe('an answer of S3 that stops or breaks off', () => {
  test('a stalled body does not keep its connection after its reader gave up', async () => {
    await using server = await startScriptedServer(stallingObject(stored))
    await using backend = await openAt(server)
    const retry = { attemptMs: 100, deadlineMs: 300, firstPauseMs: 1, maxPauseMs: 1 }
    const storage = decorate(backend, { ...context, retry })

    expect(await errorOf(readObject(storage, key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(server.requests.length).toBeGreaterThan(1)
    await server.allLeft()
  })

  test('a body that breaks off is an error, never an end', async () => {
    await using server = await startScriptedServer(brokenObject(stored))
    await using storage = await openAt(server)

    expect(await errorOf(readObject(storage, key))).toMatchObject(unavailable)
  })

  test('an error or a listing that breaks off is an error of the network', async () => {
    let status = 200
    let cutOffAfter: number | undefined = 60
    await using server = await startScriptedServer(() => ({
      status,
      headers: { 'content-type': 'application/xml' },
      body: '<?xml version="1.0"?><ListBucketResult><Contents><Key>a</Key><Size>1<',
      ...(cutOffAfter === undefined ? {} : { cutOffAfter }),
    }))
    await using storage = await openAt(server)
    const list = (): Promise<unknown> =>
      Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))

    for (status of [200, 503]) {
      for (cutOffAfter of [60, undefined]) {
        expect(await errorOf(list())).toMatchObject(unavailable)
      }
    }
  })
})

describe('a multipart upload', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
  test.each([
    ['409 at completion', failure(409, 'ConditionalRequestConflict'), 'STORAGE_REWRITE_NEEDED'],
    ['412 at completion', failure(412, 'PreconditionFailed'), 'STORAGE_ALREADY_EXISTS'],
    ['404 at completion', failure(404, 'NoSuchUpload'), 'STORAGE_REWRITE_NEEDED'],
  ])('%s publishes nothing, and the parts are released', async (_, answer, code) => {
    await using server = await uploadServer(() => answer)

    expect(await errorOf(stream(server))).toMatchObject({ code, retry: 'after-refresh' })
    expect(countRequests(server, 'DELETE')).toBe(1)
  })

  // "Note that if CompleteMultipartUpload fails, applications should be prepared to retry any
  // failed requests (including 500 error responses)", and an error may come in the body of an
  // answer with status 200, after white space that keeps the connection alive.
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
  test.each([
    ['an error in the body of a 200', { ...failure(200, 'InternalError'), status: 200 }],
    ['a 500', failure(500, 'InternalError')],
    ['no answer', undefined],
  ])('%s at completion leaves the outcome unknown: nothing is deleted', async (_, answer) => {
    await using server = await uploadServer(() => answer)

    expect(await errorOf(stream(server))).toMatchObject(unavailable)
    expect(countRequests(server, 'DELETE')).toBe(0)
  })

  test('a commit that is never answered ends with the signal: nothing is deleted', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    await using server = await uploadServer(() => {
      abort.abort(reason)
      return 'silence'
    })

    expect(await errorOf(stream(server, abort.signal))).toBe(reason)
    expect(countRequests(server, 'DELETE')).toBe(0)
  })

  // "if any part uploads are currently in progress, those part uploads might or might not succeed.
  // As a result, it might be necessary to abort a given multipart upload multiple times"
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
  test('an upload with a part that was cut off is aborted again', async () => {
    await using server = await startScriptedServer(({ method }) => {
      if (method === 'PUT') return undefined
      if (method === 'DELETE') return { status: 204 }
      return { status: 200, body: begunUpload }
    })
    await using storage = await openAt(server)
    const writer = await storage.openWriter(key, { condition: ifAbsent })
    await writer.write(Buffer.alloc(9 * mib))

    expect(await errorOf(writer.commit())).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await writer[Symbol.asyncDispose]()
    expect(countRequests(server, 'DELETE')).toBe(3)
  })

  test('a request to begin an upload that is never answered is sent again', async () => {
    let begun = 0
    await using server = await startScriptedServer((request) => {
      const headers = { date: 'Mon, 23 Nov 2026 10:00:00 GMT', etag: '"p"' }
      if (beginsUpload(request)) {
        begun++
        return begun === 1 ? 'silence' : { status: 200, body: begunUpload }
      }
      if (request.method === 'PUT') return { status: 200, headers }
      return { status: 200, headers, body: completedUpload }
    })
    await using backend = await openAt(server)
    const retry = { attemptMs: 200, deadlineMs: 5000, firstPauseMs: 1, maxPauseMs: 1 }
    const storage = decorate(backend, { ...context, retry })
    await using writer = await storage.openWriter(key, {
      condition: ifAbsent,
      maxBufferedBytes: 16 * mib,
    })
    await writer.write(Buffer.alloc(17 * mib))

    expect(await writer.commit()).toMatchObject({ size: 17 * mib })
    expect(begun).toBe(2)
  })
})

describe('a request to S3', () => {
  // R2 answers 501 to checksums that it does not know, and stores of before 2025 want Content-MD5
  // for DeleteObjects.
  test('to another store has no checksum headers, and Content-MD5 if a checksum is required', async () => {
    await using server = await startScriptedServer(({ method }) =>
      method === 'POST'
        ? { status: 200, body: '<DeleteResult/>' }
        : { status: 200, headers: { etag: '"1"' } },
    )
    await using storage = await openAt(server)
    await storage.put(key, body, { condition: ifAbsent })
    await Array.fromAsync(storage.deleteMany([key]))
    const [put, deletion] = server.requests

    expect(put?.headers).not.toHaveProperty('x-amz-checksum-crc32')
    expect(put?.headers).not.toHaveProperty('x-amz-sdk-checksum-algorithm')
    expect(put?.headers['if-none-match']).toBe('*')
    expect(deletion?.headers['content-md5']).toBe(md5(deletion?.body ?? Buffer.alloc(0)))
  })

  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
  test('each key of a batch that could not be deleted has its own error', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      body: '<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>',
    }))
    await using storage = await openAt(server)

    expect(await Array.fromAsync(storage.deleteMany([objectKey('a'), objectKey('b')]))).toEqual([
      { key: 'a' },
      { key: 'b', error: expect.objectContaining({ code: 'STORAGE_DENIED' }) },
    ])
  })
})
