// What no server that runs here can show, played over HTTP as the provider documents it.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { keyPrefix, objectKey, type StorageBackend } from '@kannery/storage'
import { decorate, readObject } from '@kannery/storage/client'
import {
  type ReceivedRequest,
  type ScriptedAnswer,
  type ScriptedOutcome,
  type ScriptedServer,
  startScriptedServer,
} from '@kannery/testing/servers/http/scripted-server'
import { expect, test, vi } from 'vitest'
import { plugin } from '../src/index.ts'
import { context, errorOf } from './fixtures.ts'

const key = objectKey('orders/index')
const body = Buffer.from('body')
const ifAbsent = { kind: 'if-absent' } as const
const mib = 1024 * 1024
const json = { 'content-type': 'application/json; charset=UTF-8' }
const stored = JSON.stringify({ size: '4', generation: '7', updated: '2026-11-23T10:00:00.000Z' })

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes */
function failure(status: number, reason: string, headers = {}): ScriptedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-guploader-uploadid': 'R1', ...headers },
    body: JSON.stringify({
      error: { code: status, message: 'told by Google', errors: [{ domain: 'global', reason }] },
    }),
  }
}

async function openAt({ endpoint }: ScriptedServer) {
  return await plugin.open({ bucket: 'backups', endpoint }, context)
}

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
])('an answer $says is told with cause and remedy, by get, head, put and list', async (play) => {
  const { answer, error } = play
  await using server = await startScriptedServer(() => answer)
  await using storage = await openAt(server)

  const errors = [
    await errorOf(storage.get(key)),
    await errorOf(storage.head(key)),
    await errorOf(storage.put(key, body, { condition: ifAbsent })),
    await errorOf(Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' }))),
  ]

  for (const [index, told] of errors.entries()) {
    const { code, retry } = told
    expect({ code, retry }).toEqual({ code: error.code, retry: error.retry ?? 'never' })
    if (index === 0) expect(told).toMatchObject(error)
  }
  // One attempt each: nobody retries here.
  expect(server.requests).toHaveLength(4)
})

test('an object is absent only when its bucket is there', async () => {
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

test('a conditional delete of another version is told', async () => {
  await using server = await startScriptedServer(() => failure(412, 'conditionNotMet'))
  await using storage = await openAt(server)
  const { version: ifVersion } = { version: '7' as never }

  expect(await errorOf(storage.delete(key, { ifVersion }))).toMatchObject({
    code: 'STORAGE_PRECONDITION_FAILED',
  })
  expect(server.requests[0]?.url).toContain('ifGenerationMatch=7')
})

test('a body that stands still does not keep its connection once nobody waits for it', async () => {
  await using server = await startScriptedServer(({ headers }) => {
    const range = String(headers.range ?? headers['x-ms-range'] ?? '')
    const start = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? Number.NaN)
    const common = { 'x-goog-generation': '7', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' }
    if (Number.isNaN(start)) {
      return { status: 200, headers: common, body: Buffer.alloc(1000), stallAfter: 10 }
    }
    return {
      status: 206,
      headers: { ...common, 'content-range': `bytes ${start}-999/1000` },
      body: Buffer.alloc(1000 - start),
      stallAfter: 0,
    }
  })
  await using backend = await openAt(server)
  const retry = { attemptMs: 100, deadlineMs: 300, firstPauseMs: 1, maxPauseMs: 1 }
  const storage = decorate(backend, { ...context, retry })

  expect(await errorOf(readObject(storage, key))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(server.requests.length).toBeGreaterThan(1)
  await server.allLeft()
})

type Call = (storage: StorageBackend) => Promise<unknown>

test.each<[string, Call, number]>([
  ['get', (storage) => readObject(storage, key), 200],
  ['get that is refused', (storage) => readObject(storage, key), 503],
  ['head', (storage) => storage.head(key), 200],
  ['put', (storage) => storage.put(key, body, { condition: ifAbsent }), 200],
  ['put that is refused', (storage) => storage.put(key, body, { condition: ifAbsent }), 503],
  ['list', (storage) => Array.fromAsync(storage.list(keyPrefix(''), { depth: 'all' })), 200],
  ['delete', (storage) => storage.delete(key), 200],
])(
  'an answer to a %s that comes when nobody waits for it any more does no harm',
  async (...row) => {
    const [, call, status] = row
    await using server = await startScriptedServer(() => ({
      status,
      headers: {
        ...json,
        'x-goog-generation': '7',
        'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT',
      },
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
  },
)

test('a get that is aborted before it begins asks nothing', async () => {
  await using server = await startScriptedServer(() => failure(503, 'backendError'))
  await using storage = await openAt(server)
  const signal = AbortSignal.abort(new Error('enough'))

  await expect(storage.get(key, { signal })).rejects.toThrow('enough')
  await errorOf(storage.head(key))

  // An answer to it would end the process: nobody waits for it.
  expect(server.requests).toHaveLength(1)
})

test('a body that breaks off is an error, never an end', async () => {
  await using server = await startScriptedServer(() => ({
    status: 200,
    headers: { 'x-goog-generation': '7', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' },
    body: Buffer.alloc(1000),
    cutOffAfter: 600,
  }))
  await using storage = await openAt(server)

  expect(await errorOf(readObject(storage, key))).toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    retry: 'same-request',
  })
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
  const told = { code: 'STORAGE_UNAVAILABLE', retry: 'same-request' }

  for (cutOffAfter of [10, undefined]) {
    for (status of [200, 503]) expect(await errorOf(list())).toMatchObject(told)
    expect(await errorOf(stream(session))).toMatchObject(told)
  }
})

/** A server that takes the bytes of a session as `chunk` says; undefined: all of them. */
function sessionServer(
  chunk: (first: number, last: number, total: number | undefined) => ScriptedOutcome | 'kept',
): Promise<ScriptedServer> {
  return startScriptedServer(({ method, url, headers }) => {
    if (method === 'DELETE') return { status: 499 }
    if (method === 'POST') {
      return {
        status: 200,
        headers: { location: `http://${headers.host}${url}&upload_id=hunter2` },
      }
    }
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(headers['content-range'])) ?? []
    const answer = chunk(Number(first), Number(last), total === '*' ? undefined : Number(total))
    if (answer !== 'kept') return answer
    return total === '*'
      ? { status: 308, headers: { range: `bytes=0-${last}` } }
      : { status: 200, headers: json, body: stored }
  })
}

async function stream(server: ScriptedServer, signal?: AbortSignal): Promise<unknown> {
  await using storage = await openAt(server)
  await using writer = await storage.openWriter(key, {
    condition: ifAbsent,
    maxBufferedBytes: 4 * mib,
    signal,
  })
  await writer.write(Buffer.alloc(5 * mib, 1))
  return await writer.commit()
}

function rangesSentTo(server: ScriptedServer): unknown[] {
  return server.requests.flatMap(({ headers }) => headers['content-range'] ?? [])
}

function cancellationsAt(server: ScriptedServer): number {
  return server.requests.filter(({ method }) => method === 'DELETE').length
}

// https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload: "the Range
// header … indicates which bytes have been persisted so far", which may be fewer than were sent.
test('what was not kept of a part is sent again', async () => {
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
])('%s at the end of an upload leaves open what became of it', async (_, answer) => {
  await using server = await sessionServer((_first, _last, total) =>
    total === undefined ? 'kept' : answer,
  )
  const error = await errorOf(stream(server))

  expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retry: 'same-request' })
  expect(cancellationsAt(server)).toBe(0)
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
  expect(cancellationsAt(server)).toBe(0)
})

test('an upload that is given up is cancelled', async () => {
  await using server = await sessionServer(() => 'kept')
  await using storage = await openAt(server)
  {
    await using writer = await storage.openWriter(key, {
      condition: ifAbsent,
      maxBufferedBytes: 4 * mib,
    })
    await writer.write(Buffer.alloc(5 * mib))
  }

  expect(cancellationsAt(server)).toBe(1)
})

// CRC32C of "123456789" is 0xe3069283:
// https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iscsi
test('what is put carries the checksum that Google compares', async () => {
  await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
  await using storage = await openAt(server)
  await storage.put(key, Buffer.from('123456789'), { condition: ifAbsent })

  expect(server.requests[0]?.body.toString()).toContain('"crc32c":"4waSgw=="')
  expect(server.requests[0]?.url).toContain('ifGenerationMatch=0')
})

/** The second part of a body, read as RFC 2046 says. */
function contentIn({ headers, body: sent }: ReceivedRequest): string | undefined {
  const [, boundary = ''] = /boundary=(.*)$/.exec(String(headers['content-type'])) ?? []
  const [, content] = sent.toString('latin1').split(`--${boundary}`).slice(1)
  return content?.split('\r\n\r\n').slice(1).join('\r\n\r\n').replace(/\r\n$/, '')
}

test('what an object holds cannot end the upload of it', async () => {
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
])('a part that Google %s is sent once: nobody retries here', async (_, answer) => {
  await using server = await sessionServer(() => answer)

  expect(await errorOf(stream(server))).toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    retry: 'same-request',
  })
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
  const reports: number[][] = []
  const record = (): ((bytes: number) => void) => {
    const sent: number[] = []
    reports.push(sent)
    return (bytes) => sent.push(bytes)
  }
  await using writer = await storage.openWriter(key, {
    condition: ifAbsent,
    maxBufferedBytes: 4 * mib,
    onProgress: record(),
    sendPart: async (_bytes, send) => await send(record()),
  })
  await writer.write(Buffer.alloc(5 * mib))
  await writer.commit()

  // The last part leaves with the commit.
  expect(reports.map((sent) => sent.at(-1))).toEqual([mib, 2 * mib, 2 * mib, undefined])
})

test('emulators get no credentials, and STORAGE_EMULATOR_HOST is not listened to', async () => {
  await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
  await using decoy = await startScriptedServer(() => ({ status: 200, body: stored }))
  process.env['STORAGE_EMULATOR_HOST'] = decoy.endpoint
  try {
    await using storage = await openAt(server)
    await storage.head(key)
  } finally {
    delete process.env['STORAGE_EMULATOR_HOST']
  }

  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  expect(decoy.requests).toEqual([])
})

test('a key that Google does not accept is told without a word of it', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await using server = await startScriptedServer(() => failure(401, 'authError'))
  await using storage = await plugin.open(
    { bucket: 'backups', endpoint: server.endpoint },
    { ...context, credentials: { serviceAccountKey: keyFileOf(pem) } },
  )
  const error = await errorOf(storage.head(key))
  const token = String(server.requests[0]?.headers.authorization)
  const text = inspect(error, { depth: 9 })

  expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED', exitStatus: 18 })
  expect(token).toMatch(/^Bearer ey/)
  expect(text).not.toContain(token.slice('Bearer '.length))
  expect(text).not.toContain(pem.split('\n')[1])
})

test('a key that is none is told without a word of it', async () => {
  await using server = await startScriptedServer(() => ({ status: 200, body: stored }))
  await using storage = await plugin.open(
    { bucket: 'backups', endpoint: server.endpoint },
    { ...context, credentials: { serviceAccountKey: keyFileOf('hunter2') } },
  )
  const error = await errorOf(storage.head(key))

  expect(error).toMatchObject({ code: 'STORAGE_UNAUTHENTICATED' })
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  expect(server.requests).toEqual([])
})

function keyFileOf(privateKey: string): string {
  return JSON.stringify({
    type: 'service_account',
    client_email: 'backup@project.iam.gserviceaccount.com',
    private_key: privateKey,
  })
}
